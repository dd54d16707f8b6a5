//! Time limits, because the client has none.

use std::fmt::Debug;
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::time::Duration;

/// How long one call of the client may take, and one event.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long a whole test may take once its server runs.
const LIMIT: Duration = Duration::from_secs(90);

/// Plays a scene to its end, or fails.
///
/// Where the client is given half a header of a payload command it loops without ever yielding, and no timer of its
/// runtime helps. So the runtime is watched from outside, and left behind rather than waited for.
pub(crate) fn play(scene: impl Future<Output = ()> + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let (tell, told) = mpsc::channel();
    let scene = runtime.spawn(scene);
    runtime.spawn(async move { tell.send(scene.await) });
    let ended = told.recv_timeout(LIMIT);
    runtime.shutdown_background();
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(panicked)) => resume_unwind(panicked.into_panic()),
        Err(_) => panic!("the scene was not over after {LIMIT:?}"),
    }
}

/// What a call of the client comes to. It waits for ever for an answer that does not come.
pub(crate) async fn outcome<T, E>(what: &str, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let outcome = tokio::time::timeout(PATIENCE, call).await;
    outcome.unwrap_or_else(|_| panic!("{what}: the answer that the client waits for did not come"))
}

/// A call of the client that must succeed.
pub(crate) async fn done<T, E: Debug>(what: &str, call: impl Future<Output = Result<T, E>>) -> T {
    outcome(what, call).await.unwrap_or_else(|error| panic!("{what}: {error:?}"))
}

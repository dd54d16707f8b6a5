//! Notices what the operator changes in the store, and keeps the store tidy.

use std::sync::Arc;
use std::time::Duration;

use daemon::Shutdown;
use tokio::time;
use tracing::warn;

use crate::hall::Hall;

/// How often to look: one small query, however many users there are.
const LOOK: Duration = Duration::from_secs(1);
/// How many looks there are between two sweeps.
const SWEEP: u64 = 60;

/// Looks until the server stops.
pub(crate) async fn watch(hall: Arc<Hall>, shutdown: Shutdown) {
    let mut mark = None;
    let mut looks = 0;
    loop {
        tokio::select! {
            () = time::sleep(LOOK) => {}
            () = shutdown.stopping() => return,
        }
        let looked = match mark {
            Some(mark) => hall.look_outside(mark).await,
            None => hall.store.touched_mark().await,
        };
        match looked {
            Ok(now) => mark = Some(now),
            Err(error) => warn!(%error, "cannot see what was changed from outside"),
        }
        looks += 1;
        if looks % SWEEP == 0
            && let Err(error) = async { hall.store.sweep_cookies().await.and(hall.store.sweep_touched().await) }.await
        {
            warn!(%error, "cannot forget old cookies");
        }
    }
}

//! Notices what the operator changes in the store, and keeps the store tidy.

use std::sync::Arc;
use std::time::Duration;

use daemon::Shutdown;
use daemon::logging::store_failed;
use tokio::time;

use crate::hall::Hall;

/// How often to look: one small query, however many users there are.
const LOOK: Duration = Duration::from_secs(1);
/// How many looks there are between two sweeps.
const SWEEP: u64 = 60;

/// Looks until the server stops for what was changed since `mark`.
pub(crate) async fn watch(hall: Arc<Hall>, mut mark: i64, shutdown: Shutdown) {
    let mut looks = 0;
    loop {
        tokio::select! {
            () = time::sleep(LOOK) => {}
            () = shutdown.stopping() => return,
        }
        hall.clear_doubts().await;
        match hall.look_outside(mark).await {
            Ok(now) => mark = now,
            Err(error) => store_failed("see what was changed from outside", &error),
        }
        looks += 1;
        if looks % SWEEP == 0
            && let Err(error) = async { hall.store.sweep_cookies().await.and(hall.store.sweep_touched().await) }.await
        {
            store_failed("forget old cookies", &error);
        }
    }
}

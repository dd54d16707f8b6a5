//! Tasks that play clients. The first failure counts: those that follow are its consequences.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Clients of a run.
#[derive(Default)]
pub(super) struct Crew {
    tasks: JoinSet<()>,
    failure: Rc<Failure>,
}

#[derive(Default)]
struct Failure {
    first: RefCell<Option<anyhow::Error>>,
    happened: Notify,
}

impl Crew {
    /// Lets a client play.
    pub(super) fn spawn(&mut self, client: impl Future<Output = anyhow::Result<()>> + 'static) {
        let failure = self.failure.clone();
        self.tasks.spawn_local(async move {
            if let Err(error) = client.await {
                failure.first.borrow_mut().get_or_insert(error);
                failure.happened.notify_one();
            }
        });
    }

    /// Waits for `measured` while the clients play; an error as soon as one fails.
    pub(super) async fn during<T>(&self, measured: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        tokio::select! {
            biased;
            () = self.failure.happened.notified() => Err(self.taken().unwrap_or_else(|| anyhow::anyhow!("a client failed"))),
            result = measured => result,
        }
    }

    /// Waits until all have ended. False: they have not, within so long.
    pub(super) async fn end(&mut self, patience: Duration) -> anyhow::Result<bool> {
        let all = async {
            while let Some(ended) = self.tasks.join_next().await {
                ended?;
            }
            anyhow::Ok(())
        };
        let in_time = tokio::time::timeout(patience, all).await;
        if let Some(error) = self.taken() {
            return Err(error);
        }
        match in_time {
            Ok(result) => result.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    fn taken(&self) -> Option<anyhow::Error> {
        self.failure.first.borrow_mut().take()
    }
}

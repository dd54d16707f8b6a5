//! What other daemons tell and ask a notification server.

use std::sync::{Arc, MutexGuard, PoisonError};

use bus::{Answering, Handler, Members, NotRung, Request, Response};
use daemon::link::batch;
use daemon::logging::store_failed;
use logic::Outlet as _;
use logic::ns::{Called, Notice, Ring};
use model::{Admission, Email, NodeId, Notice as News, Role};
use msnp::dialect::Pages;
use tracing::debug;

use crate::hall::Hall;

impl Handler for Hall {
    fn notice(&self, from: NodeId, notice: News) {
        self.change(|presence, afar| presence.hear(from, notice, afar));
    }

    fn together(&self, work: &mut dyn FnMut()) {
        batch(work);
    }

    fn request(self: Arc<Self>, _: NodeId, request: Request) -> Answering {
        Box::pin(async move {
            match request {
                Request::Ring { .. } => self.ring(request).await,
                Request::TakeOver { user } => {
                    self.change(|presence, _| presence.take_over(user));
                    Response::TakenOver
                }
                Request::MayCall { user } => {
                    let may = self.change(|presence, _| presence.may_call(user));
                    if may { Response::MayCall } else { Response::NotRung(NotRung::CallerHidden) }
                }
                Request::Page { to, from, name, text } => self.page(&to, Notice::Page { from, name, text }),
                Request::Ready if self.is_ready() => Response::Ready,
                Request::Ready => Response::NotReady,
            }
        })
    }

    fn members(&self, members: &Arc<Members>) {
        let is_other = |node: &&bus::Node| node.role == Role::Notification && node.id != self.id;
        let now: Vec<NodeId> = members.nodes().iter().filter(is_other).map(|node| node.id).collect();
        let before = std::mem::replace(&mut *self.others(), now.clone());
        self.moved.notify_one();
        for node in before.iter().filter(|node| !now.contains(node)) {
            debug!(%node, "a notification server is gone");
            self.change(|presence, afar| presence.lost(*node, afar));
        }
        for node in now.iter().filter(|node| !before.contains(node)) {
            debug!(%node, "a notification server has come");
            self.change(|presence, afar| presence.reconcile(*node, afar));
        }
    }

    fn healed(&self) {
        self.reconcile_all();
    }

    fn missed(&self, from: NodeId) {
        if self.others().contains(&from) {
            self.change(|presence, afar| presence.reconcile(from, afar));
        }
    }
}

impl Hall {
    /// Makes whole what this server and all others that it sees know of each other.
    pub(crate) fn reconcile_all(&self) {
        let others = self.others().clone();
        for node in others {
            self.change(|presence, afar| presence.reconcile(node, afar));
        }
    }

    fn others(&self) -> MutexGuard<'_, Vec<NodeId>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rings a user who is here, with a cookie that lets them into the room.
    async fn ring(&self, request: Request) -> Response {
        let Request::Ring { callee, room, switchboard, endpoint, caller, caller_email, caller_name } = request else {
            return Response::Failed;
        };
        let admission = self.change(|presence, _| {
            presence.call(&callee, caller).map(|there| Admission {
                user: there.user,
                email: callee.clone(),
                name: there.name.clone(),
                dialect: there.outlet.traits().number,
                capabilities: there.capabilities,
                node: switchboard,
                room: Some(room),
            })
        });
        let admission = match admission {
            Ok(admission) => admission,
            Err(Called::Offline) => return Response::NotRung(NotRung::Offline),
            Err(Called::Blocked) => return Response::NotRung(NotRung::Blocked),
        };
        let cookie = match self.store.put_cookie(&admission, self.config.ns.cookie_time.0).await {
            Ok(cookie) => cookie,
            Err(error) => {
                store_failed("keep a cookie", &error);
                return Response::Failed;
            }
        };
        let ring = Ring { room, endpoint, cookie, caller: caller_email, caller_name };
        let rung = self.change(|presence, _| presence.notify(admission.user, Notice::Ring(Box::new(ring))));
        if rung { Response::Rung } else { Response::NotRung(NotRung::Offline) }
    }

    /// Hands a page to a user whose client can show it.
    fn page(&self, to: &Email, page: Notice) -> Response {
        self.change(|presence, _| match presence.outlet(to) {
            Some(outlet) if outlet.traits().pages != Pages::None => {
                outlet.notify(page);
                Response::Delivered
            }
            _ => Response::NotDelivered,
        })
    }
}

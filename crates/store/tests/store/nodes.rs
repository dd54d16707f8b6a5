//! The daemons as they report themselves.

use model::NodeId;
use store::NodeReport;

use crate::place::Place;

crate::suite!(a_daemon_is_seen_drained_and_forgotten);

async fn a_daemon_is_seen_drained_and_forgotten(place: &Place) {
    let store = place.open().await;
    let id = NodeId(u64::MAX - 7);
    let report = |load, draining| NodeReport {
        id,
        role: "notification".to_owned(),
        version: "0.1.0".to_owned(),
        address: "chat.example.com:1864".to_owned(),
        load,
        draining,
    };
    assert_eq!(store.nodes().await.unwrap(), []);
    assert!(!store.is_to_drain(id).await.unwrap());
    assert!(!store.drain_node(id).await.unwrap());
    store.report_node(report(3, false)).await.unwrap();
    let [first] = &store.nodes().await.unwrap()[..] else { panic!("one daemon") };
    assert_eq!((&first.report, first.drain), (&report(3, false), false));
    assert!(store.drain_node(id).await.unwrap());
    assert!(store.is_to_drain(id).await.unwrap());
    store.report_node(report(1, true)).await.unwrap();
    let [second] = &store.nodes().await.unwrap()[..] else { panic!("one daemon") };
    assert_eq!((&second.report, second.drain, second.started_at), (&report(1, true), true, first.started_at));
    store.forget_node(id).await.unwrap();
    assert_eq!(store.nodes().await.unwrap(), []);
}

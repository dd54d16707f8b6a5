//! The daemons as they report themselves.

use model::NodeId;
use store::NodeReport;

use crate::place::Place;

crate::suite!(a_daemon_is_seen_drained_and_forgotten, a_daemon_that_was_killed_is_forgotten);

async fn a_daemon_is_seen_drained_and_forgotten(place: &Place) {
    let store = place.open().await;
    let id = NodeId(u64::MAX - 7);
    let report = |load, draining| NodeReport {
        id,
        name: "ns-1".to_owned(),
        sent: u64::from(load) * 10,
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

async fn a_daemon_that_was_killed_is_forgotten(place: &Place) {
    let store = place.open().await;
    let report = |id| NodeReport {
        id: NodeId(id),
        name: String::new(),
        role: "web".to_owned(),
        version: "0.1.0".to_owned(),
        address: "*:8080".to_owned(),
        load: 0,
        sent: 0,
        draining: false,
    };
    let known = async || -> Vec<u64> { store.nodes().await.unwrap().iter().map(|node| node.report.id.0).collect() };
    store.report_node(report(1)).await.unwrap();
    store.report_node(report(2)).await.unwrap();
    place.run("UPDATE node SET seen_at = seen_at - 3500000 WHERE id = 1").await;
    store.report_node(report(2)).await.unwrap();
    assert_eq!(known().await, [1, 2], "it may only have been cut off");
    place.run("UPDATE node SET seen_at = seen_at - 200000 WHERE id = 1").await;
    store.report_node(report(2)).await.unwrap();
    assert_eq!(known().await, [2]);
}

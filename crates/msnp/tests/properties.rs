//! What holds for the codec whatever comes: frames, requests, events and URL-encoding.
//!
//! The forms on the wire are written down here a second time, from the protocol page and without
//! the help of the codec, so that a mistake would have to be made twice.

#[path = "properties/events.rs"]
mod events;
#[path = "properties/frames.rs"]
mod frames;
#[path = "properties/requests.rs"]
mod requests;
#[path = "properties/switchboard.rs"]
mod switchboard;
#[path = "properties/urls.rs"]
mod urls;
#[path = "properties/values.rs"]
mod values;

//! What holds for the codec whatever comes: frames, requests, events and URL-encoding.
//!
//! The forms on the wire are written down here a second time, from the protocol page and without
//! the help of the codec, so that a mistake would have to be made twice.

#[path = "properties/asked.rs"]
mod asked;
#[path = "properties/bodies.rs"]
mod bodies;
#[path = "properties/events.rs"]
mod events;
#[path = "properties/forms.rs"]
mod forms;
#[path = "properties/frames.rs"]
mod frames;
#[path = "properties/requests.rs"]
mod requests;
#[path = "properties/switchboard.rs"]
mod switchboard;
#[path = "properties/told.rs"]
mod told;
#[path = "properties/transcript_edits.rs"]
mod transcript_edits;
#[path = "properties/transcript_rooms.rs"]
mod transcript_rooms;
#[path = "properties/transcripts.rs"]
mod transcripts;
#[path = "properties/urls.rs"]
mod urls;
#[path = "properties/values.rs"]
mod values;
#[path = "properties/words.rs"]
mod words;

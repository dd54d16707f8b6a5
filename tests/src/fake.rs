//! A stage for the player's own tests: it expects fixed bytes and answers with fixed bytes.

use std::collections::VecDeque;
use std::time::Duration;

use crate::stage::{Need, Operation, Patience, Place, Received, Stage, StageError};
use crate::{Cast, Failure, Played, Script, play};

/// What the fake server does when it has got exactly what it waits for.
#[derive(Clone, Debug)]
pub(crate) struct Cue {
    connection: usize,
    heard: &'static str,
    /// To which connection what is sent; `CLOSE` closes it.
    says: Vec<(usize, &'static str)>,
}

/// Stands for the end of a connection among what a [`Cue`] says.
pub(crate) const CLOSE: &str = "\u{4}";

/// On `connection`, when the client has sent `heard`, the server answers there.
pub(crate) fn cue(connection: usize, heard: &'static str, answer: &'static str) -> Cue {
    Cue { connection, heard, says: vec![(connection, answer)] }
}

impl Cue {
    /// And it says this elsewhere.
    pub(crate) fn and(mut self, connection: usize, says: &'static str) -> Self {
        self.says.push((connection, says));
        self
    }
}

/// The stage. Connections are numbered from 0 in the order in which they are opened; what was sent
/// to one before it is open waits for it.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    cues: VecDeque<Cue>,
    heard: Vec<Vec<u8>>,
    output: Vec<VecDeque<Received>>,
    /// Where the connections went, what was dropped, the waits, and what the operator did.
    pub(crate) places: Vec<Place>,
    pub(crate) dropped: Vec<(usize, bool)>,
    pub(crate) waited: Duration,
    pub(crate) operations: Vec<Operation>,
}

impl Fake {
    pub(crate) fn new(cues: impl IntoIterator<Item = Cue>) -> Self {
        let mut fake = Self { cues: cues.into_iter().collect(), ..Self::default() };
        fake.answer();
        fake
    }

    /// Cues that have not come.
    pub(crate) fn left(&self) -> usize {
        self.cues.len()
    }

    fn answer(&mut self) {
        while let Some(cue) = self.cues.front() {
            let heard = self.heard.get(cue.connection).map(Vec::as_slice).unwrap_or_default();
            let wanted = cue.heard.as_bytes();
            let common = heard.len().min(wanted.len());
            assert_eq!(heard[..common].escape_ascii().to_string(), wanted[..common].escape_ascii().to_string());
            if heard.len() < wanted.len() {
                return;
            }
            let Some(cue) = self.cues.pop_front() else { return };
            if let Some(heard) = self.heard.get_mut(cue.connection) {
                heard.drain(..wanted.len());
            }
            for (connection, says) in cue.says {
                self.say(connection, says);
            }
        }
    }

    fn say(&mut self, connection: usize, says: &str) {
        let size = self.output.len().max(connection + 1);
        self.output.resize(size, VecDeque::new());
        let (text, close) = says.strip_suffix(CLOSE).map_or((says, false), |text| (text, true));
        // In two pieces, so that the player has to put them together.
        let (one, two) = text.as_bytes().split_at(text.len() / 2);
        let pieces = [one, two].into_iter().filter(|piece| !piece.is_empty());
        self.output[connection].extend(pieces.map(|piece| Received::Bytes(piece.to_vec())));
        self.output[connection].extend(close.then_some(Received::Closed));
    }
}

impl Stage for Fake {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn lacks(&self, need: Need) -> Option<String> {
        matches!(need, Need::Web | Need::Referrals).then(|| "more than a few cues".to_owned())
    }

    async fn ticket(&mut self, handle: &str, password: &str, challenge: &str) -> Result<String, StageError> {
        let challenge = challenge.split(',').next().unwrap_or_default();
        Ok(format!("t={handle}*{password}*{challenge}&p="))
    }

    async fn prepare(&mut self, cast: &Cast) -> Result<(), StageError> {
        if cast.config.is_empty() { Ok(()) } else { Err(StageError::Unsupported("config".to_owned())) }
    }

    async fn connect(&mut self, place: &Place) -> Result<usize, StageError> {
        self.places.push(place.clone());
        self.heard.push(Vec::new());
        Ok(self.places.len() - 1)
    }

    async fn send(&mut self, connection: usize, bytes: &[u8]) -> Result<(), StageError> {
        self.heard[connection].extend_from_slice(bytes);
        self.answer();
        Ok(())
    }

    async fn receive(&mut self, connection: usize, _: Patience) -> Result<Received, StageError> {
        let next = self.output.get_mut(connection).and_then(VecDeque::pop_front);
        Ok(next.unwrap_or(Received::Nothing))
    }

    async fn drop(&mut self, connection: usize, reset: bool) {
        self.dropped.push((connection, reset));
    }

    async fn wait(&mut self, time: Duration) {
        self.waited += time;
    }

    async fn operate(&mut self, operation: &Operation) -> Result<(), StageError> {
        self.operations.push(operation.clone());
        Ok(())
    }
}

/// Plays `text` on a fake server with these cues.
pub(crate) fn perform(text: &str, cues: impl IntoIterator<Item = Cue>) -> (Result<Played, Failure>, Fake) {
    let script = Script::parse("x.msnp", text).expect("a script");
    let mut fake = Fake::new(cues);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let result = runtime.block_on(play(&script, &mut fake));
    (result, fake)
}

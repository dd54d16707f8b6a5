//! A machine that is only a toy, a server of such, and its clients.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use daemon::address::{Caps, Doorkeeper};
use daemon::listener::{self, Door, Host};
use daemon::{Desk, Link, Reply, Shutdown, Terms};
use logic::{Effects, Machine, Rate};
use msnp::{Frame, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(10);
/// Long enough for something to come if it is to come.
pub(crate) const MOMENT: Duration = Duration::from_millis(60);

pub(crate) const NO_LIMIT: Rate = Rate { burst: 0, every: Duration::ZERO };

pub(crate) const TERMS: Terms = Terms {
    stranger_time: LONG,
    stranger_commands: 100,
    stranger_bytes: 100_000,
    commands: NO_LIMIT,
    outbox: 32 * 1024,
    outbox_time: LONG,
};

/// What it is told by others: something to say, or (`None`) to close.
pub(crate) type Notice = Option<&'static str>;

pub(crate) enum Question {
    /// Is answered at once, with the same words.
    Now(String),
    /// Is answered when the test says so, with the same words.
    Later(String),
    Farewell,
}

/// Says back what it hears, at once (`PNG`, `MSG`) or after a question (`NOW`, `LAT`).
pub(crate) struct Toy {
    known: bool,
    wake_at: Option<Instant>,
}

impl Machine for Toy {
    type Question = Question;
    type Answer = String;
    type Notice = Notice;

    fn limits(&self) -> Limits {
        Limits { line: 100, payload: |verb| if &verb == b"MSG" { Some(100) } else { None } }
    }

    fn is_stranger(&self) -> bool {
        !self.known
    }

    fn handle_frame(&mut self, frame: &Frame<'_>, now: Instant, effects: &mut Effects<Question>) {
        let rest = frame.rest.to_owned();
        let say = |effects: &mut Effects<_>, verb: &str| effects.send.extend(format!("{verb} {rest}\r\n").as_bytes());
        match &frame.verb {
            b"USR" => {
                self.known = true;
                say(effects, "USR");
            }
            b"PNG" => say(effects, "QNG"),
            b"MSG" => {
                say(effects, "MSG");
                effects.send.extend(frame.payload);
            }
            b"NOW" => effects.ask(Question::Now(format!("NOW {rest}\r\n"))),
            b"LAT" => effects.ask(Question::Later(format!("LAT {rest}\r\n"))),
            b"BIG" => effects.send.resize(rest.parse().expect("a number of bytes"), b'x'),
            b"TMO" => self.wake_at = Some(now + Duration::from_millis(rest.parse().expect("milliseconds"))),
            b"BYE" => {
                say(effects, "BYE");
                effects.close("it was asked for");
            }
            other => panic!("no such toy: {other:?}"),
        }
    }

    fn handle_answer(&mut self, answer: String, _: Instant, effects: &mut Effects<Question>) {
        effects.send.extend(answer.as_bytes());
    }

    fn handle_notice(&mut self, notice: Notice, _: Instant, effects: &mut Effects<Question>) {
        match notice {
            Some(text) => effects.send.extend(text.as_bytes()),
            None => effects.close("it was told to"),
        }
    }

    fn handle_timeout(&mut self, _: Instant, effects: &mut Effects<Question>) {
        self.wake_at = None;
        effects.send.extend(b"TMO\r\n");
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.wake_at
    }

    fn farewell(&mut self) -> Option<Question> {
        Some(Question::Farewell)
    }
}

pub(crate) struct ToyDesk {
    gate: Arc<Semaphore>,
    farewells: Arc<AtomicUsize>,
}

impl Desk<Toy> for ToyDesk {
    fn answer(&mut self, question: Question, _: Instant) -> Reply<String> {
        match question {
            Question::Now(words) => Reply::Now(words),
            Question::Later(words) => {
                let gate = Arc::clone(&self.gate);
                Reply::Later(Box::pin(async move {
                    gate.acquire().await.expect("the gate is not closed").forget();
                    words
                }))
            }
            Question::Farewell => {
                self.farewells.fetch_add(1, Ordering::SeqCst);
                Reply::Now(String::new())
            }
        }
    }
}

/// A server of toys.
pub(crate) struct Ground {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) links: mpsc::UnboundedReceiver<Weak<Link<Notice>>>,
    /// Each permit answers one question that is answered later.
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) farewells: Arc<AtomicUsize>,
}

/// One client, and the way to it at the server.
pub(crate) struct Guest {
    pub(crate) stream: TcpStream,
    pub(crate) link: Weak<Link<Notice>>,
}

impl Ground {
    pub(crate) fn new(terms: Terms) -> Self {
        let shutdown = Shutdown::default();
        let listener = listener::bind("test", ([127, 0, 0, 1], 0).into()).expect("a port");
        let address = listener.local_addr().expect("bound");
        let doorkeeper = Doorkeeper::new(Caps { open: 0, new: NO_LIMIT });
        let terms = Arc::new(terms);
        let door = Door { doorkeeper, terms, shutdown: shutdown.clone(), proxies: Vec::new() };
        let (gate, farewells) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let desk = (Arc::clone(&gate), Arc::clone(&farewells));
        let (seats, links) = mpsc::unbounded_channel();
        let host = Host::new(door, move |seat| {
            // Only weak, since the socket lives as long as its link.
            seats.send(Arc::downgrade(&seat.link)).expect("the test goes on");
            let (gate, farewells) = desk.clone();
            (Toy { known: false, wake_at: None }, ToyDesk { gate, farewells })
        });
        tokio::spawn(listener::serve(listener, host));
        Self { address, shutdown, links, gate, farewells }
    }

    /// Someone who has yet to prove who they are.
    pub(crate) async fn stranger(&mut self) -> Guest {
        let stream = TcpStream::connect(self.address).await.expect("connected");
        stream.set_nodelay(true).expect("set");
        let link = timeout(LONG, self.links.recv()).await.expect("accepted").expect("accepted");
        Guest { stream, link }
    }

    /// Someone who has.
    pub(crate) async fn guest(&mut self) -> Guest {
        let mut guest = self.stranger().await;
        guest.says("USR 0\r\n").await;
        guest.hears("USR 0\r\n").await;
        guest
    }

    /// Waits until so many connections have ended.
    pub(crate) async fn has_seen_off(&self, count: usize) {
        let all = async {
            while self.farewells.load(Ordering::SeqCst) < count {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(LONG, all).await.expect("the connection ends");
        assert_eq!(self.farewells.load(Ordering::SeqCst), count);
    }
}

impl Guest {
    pub(crate) fn link(&self) -> Arc<Link<Notice>> {
        self.link.upgrade().expect("the connection is open")
    }

    pub(crate) async fn says(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.expect("sent");
    }

    /// Hears just this.
    pub(crate) async fn hears(&mut self, text: &str) {
        let mut heard = vec![0; text.len()];
        let all = timeout(LONG, self.stream.read_exact(&mut heard)).await;
        all.expect("in time").expect("the connection is open");
        assert_eq!(String::from_utf8_lossy(&heard), text);
    }

    /// What comes with one read.
    pub(crate) async fn hears_at_once(&mut self) -> String {
        let mut heard = vec![0; 64 * 1024];
        let count = timeout(LONG, self.stream.read(&mut heard)).await.expect("in time").expect("readable");
        String::from_utf8_lossy(&heard[..count]).into_owned()
    }

    /// Everything that comes until the server closes, which it does in order.
    pub(crate) async fn hears_to_the_end(&mut self) -> String {
        let mut heard = Vec::new();
        timeout(LONG, self.stream.read_to_end(&mut heard)).await.expect("in time").expect("closed in order");
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// Hears nothing for a moment, and is not closed either.
    pub(crate) async fn hears_nothing(&mut self) {
        let mut heard = [0; 100];
        if let Ok(read) = timeout(MOMENT, self.stream.read(&mut heard)).await {
            panic!("{:?}", read.map(|count| String::from_utf8_lossy(&heard[..count]).into_owned()));
        }
    }
}

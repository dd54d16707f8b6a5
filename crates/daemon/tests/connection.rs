//! The loop, the link and the drive over real sockets, with a machine that is only a toy.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use daemon::address::{Caps, Doorkeeper};
use daemon::link::{Closed, batch};
use daemon::listener::{self, Door, Host};
use daemon::{Desk, Link, Reply, Shutdown, Terms};
use logic::{Effects, Machine, Rate};
use msnp::{Frame, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(10);
/// Long enough for something to come if it is to come.
const MOMENT: Duration = Duration::from_millis(60);

const NO_LIMIT: Rate = Rate { burst: 0, every: Duration::ZERO };

const TERMS: Terms = Terms {
    stranger_time: LONG,
    stranger_commands: 100,
    stranger_bytes: 100_000,
    commands: NO_LIMIT,
    outbox: 32 * 1024,
    outbox_time: LONG,
};

/// What it is told by others: something to say, or (`None`) to close.
type Notice = Option<&'static str>;

enum Question {
    /// Is answered at once, with the same words.
    Now(String),
    /// Is answered when the test says so, with the same words.
    Later(String),
    Farewell,
}

/// Says back what it hears, at once (`PNG`, `MSG`) or after a question (`NOW`, `LAT`).
struct Toy {
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

struct ToyDesk {
    gate: Arc<Semaphore>,
    farewells: Arc<AtomicUsize>,
}

impl Desk<Toy> for ToyDesk {
    fn answer(&mut self, question: Question) -> Reply<String> {
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
struct Ground {
    address: SocketAddr,
    shutdown: Shutdown,
    links: mpsc::UnboundedReceiver<Weak<Link<Notice>>>,
    /// Each permit answers one question that is answered later.
    gate: Arc<Semaphore>,
    farewells: Arc<AtomicUsize>,
}

/// One client, and the way to it at the server.
struct Guest {
    stream: TcpStream,
    link: Weak<Link<Notice>>,
}

impl Ground {
    fn new(terms: Terms) -> Self {
        let shutdown = Shutdown::default();
        let listener = listener::bind("test", ([127, 0, 0, 1], 0).into()).expect("a port");
        let address = listener.local_addr().expect("bound");
        let doorkeeper = Doorkeeper::new(Caps { open: 0, new: NO_LIMIT });
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
    async fn stranger(&mut self) -> Guest {
        let stream = TcpStream::connect(self.address).await.expect("connected");
        stream.set_nodelay(true).expect("set");
        let link = timeout(LONG, self.links.recv()).await.expect("accepted").expect("accepted");
        Guest { stream, link }
    }

    /// Someone who has.
    async fn guest(&mut self) -> Guest {
        let mut guest = self.stranger().await;
        guest.says("USR 0\r\n").await;
        guest.hears("USR 0\r\n").await;
        guest
    }

    /// Waits until so many connections have ended.
    async fn has_seen_off(&self, count: usize) {
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
    fn link(&self) -> Arc<Link<Notice>> {
        self.link.upgrade().expect("the connection is open")
    }

    async fn says(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.expect("sent");
    }

    /// Hears just this.
    async fn hears(&mut self, text: &str) {
        let mut heard = vec![0; text.len()];
        let all = timeout(LONG, self.stream.read_exact(&mut heard)).await;
        all.expect("in time").expect("the connection is open");
        assert_eq!(String::from_utf8_lossy(&heard), text);
    }

    /// What comes with one read.
    async fn hears_at_once(&mut self) -> String {
        let mut heard = vec![0; 64 * 1024];
        let count = timeout(LONG, self.stream.read(&mut heard)).await.expect("in time").expect("readable");
        String::from_utf8_lossy(&heard[..count]).into_owned()
    }

    /// Everything that comes until the server closes, which it does in order.
    async fn hears_to_the_end(&mut self) -> String {
        let mut heard = Vec::new();
        timeout(LONG, self.stream.read_to_end(&mut heard)).await.expect("in time").expect("closed in order");
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// Hears nothing for a moment, and is not closed either.
    async fn hears_nothing(&mut self) {
        let mut heard = [0; 100];
        if let Ok(read) = timeout(MOMENT, self.stream.read(&mut heard)).await {
            panic!("{:?}", read.map(|count| String::from_utf8_lossy(&heard[..count]).into_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelined_commands_are_answered_in_order_and_in_one_write() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    // Often, since two writes may happen to be read as one.
    for round in 0..50 {
        let (mut said, mut expected) = (String::new(), String::new());
        for number in 0..20 {
            said += &format!("PNG {round}.{number}\r\nNOW {round}.{number}\r\n");
            expected += &format!("QNG {round}.{number}\r\nNOW {round}.{number}\r\n");
        }
        guest.says(&said).await;
        assert_eq!(guest.hears_at_once().await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_may_be_cut_at_any_byte() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let said = "PNG 1\r\nMSG 2 6\r\na\r\nb\r\n\r\nNOW 3\r\nPNG 4\n";
    let heard = "QNG 1\r\nMSG 2 6\r\na\r\nb\r\nNOW 3\r\nQNG 4\r\n";
    for cut in 1..said.len() {
        let (first, second) = said.split_at(cut);
        guest.says(first).await;
        sleep(Duration::from_millis(3)).await;
        guest.says(second).await;
        guest.hears(heard).await;
    }
    for at in 0..said.len() {
        guest.says(&said[at..=at]).await;
        sleep(Duration::from_millis(1)).await;
    }
    guest.hears(heard).await;
    guest.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_question_is_open_commands_wait_and_news_does_not() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    guest.says("PNG 1\r\nLAT 2\r\nPNG 3\r\nPNG").await;
    guest.hears("QNG 1\r\n").await;
    guest.says(" 4\r\nLAT 5\r\nPNG 6\r\n").await;
    guest.hears_nothing().await;

    assert!(guest.link().send(b"NLN news\r\n"));
    guest.hears("NLN news\r\n").await;
    guest.link().notify(Some("RNG told\r\n"));
    guest.hears_nothing().await;

    ground.gate.add_permits(1);
    guest.hears("LAT 2\r\nQNG 3\r\nRNG told\r\nQNG 4\r\n").await;
    guest.hears_nothing().await;
    ground.gate.add_permits(1);
    guest.hears("LAT 5\r\nQNG 6\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_seen_off_once() {
    let mut ground = Ground::new(TERMS);
    drop(ground.stranger().await);
    ground.has_seen_off(1).await;
    let mut guest = ground.guest().await;
    guest.says("LAT 1\r\n").await;
    let link = guest.link();
    drop(guest);
    ground.gate.add_permits(1);
    ground.has_seen_off(2).await;
    assert!(!link.send(b"NLN too late\r\n"));
    assert!(link.closed().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_is_fed() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let began = Instant::now();
    guest.says("TMO 50\r\n").await;
    guest.hears("TMO\r\n").await;
    assert!(began.elapsed() >= Duration::from_millis(50));
    guest.link().notify(None);
    assert_eq!(guest.hears_to_the_end().await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_closed_when_too_much_waits() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let link = guest.link();
    let news = vec![b'x'; 1024];
    // Whatever the system buffers, at last the outbox is full.
    let sent = (0..64 * 1024).take_while(|_| link.send(&news)).count();
    assert!(sent > 32 && sent < 64 * 1024, "{sent}");
    assert_eq!(link.closed(), Some(Closed::Overflow));
    assert!(!link.send(b"NLN more\r\n"));
    drop(link);
    ground.has_seen_off(1).await;
    let heard = guest.hears_to_the_end().await;
    // What waited is lost: the outbox, and the first that it waited behind.
    let waited = TERMS.outbox + news.len();
    assert!((sent * 1024 - waited..=sent * 1024).contains(&heard.len()), "{sent} KiB and {}", heard.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_closed_when_something_waits_too_long() {
    let outbox_time = Duration::from_millis(200);
    let mut ground = Ground::new(Terms { outbox: 1 << 30, outbox_time, ..TERMS });
    let mut guest = ground.guest().await;
    let began = Instant::now();
    let news = vec![b'x'; 32 << 20];
    assert!(guest.link().send(&news), "it fits");
    ground.has_seen_off(1).await;
    assert!(began.elapsed() >= outbox_time);
    // It still gets what waits, if it reads now.
    assert_eq!(guest.hears_to_the_end().await.len(), news.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_written_when_the_client_reads_again() {
    let mut ground = Ground::new(Terms { outbox: 1 << 30, ..TERMS });
    let mut guest = ground.guest().await;
    let count = 16 << 20;
    assert!(guest.link().send(&vec![b'x'; count]));
    assert!(guest.link().send(b"NLN behind\r\n"));
    sleep(MOMENT).await;
    let mut heard = vec![0; count];
    timeout(LONG, guest.stream.read_exact(&mut heard)).await.expect("in time").expect("open");
    guest.hears("NLN behind\r\n").await;
    guest.says("PNG 1\r\n").await;
    guest.hears("QNG 1\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_may_be_larger_than_the_outbox() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let count = TERMS.outbox * 3;
    guest.says(&format!("BIG {count}\r\nBIG {count}\r\nPNG 1\r\n")).await;
    let mut heard = vec![0; count * 2];
    timeout(LONG, guest.stream.read_exact(&mut heard)).await.expect("in time").expect("open");
    guest.hears("QNG 1\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_behind_a_large_answer_has_the_whole_outbox() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let link = guest.link();
    // More than the system buffers, so that some of it waits.
    let count = 32 << 20;
    assert!(link.send(&vec![b'x'; count]));
    let news = vec![b'y'; TERMS.outbox];
    assert!(link.send(&news) && link.closed().is_none());
    let mut heard = vec![0; count + news.len()];
    timeout(LONG, guest.stream.read_exact(&mut heard)).await.expect("in time").expect("open");
    guest.says("PNG 1\r\n").await;
    guest.hears("QNG 1\r\n").await;

    assert!(link.send(&vec![b'x'; count]), "it has kept up");
    let refused = (0..count).find(|_| !link.send(&news)).expect("it does not any more");
    assert!(refused <= 32 * 1024, "{refused}");
    assert_eq!(link.closed(), Some(Closed::Overflow));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_more_than_it_sees_is_closed() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    guest.says("PNG 1\r\nLAT 2\r\n").await;
    guest.hears("QNG 1\r\n").await;
    for _ in 0..1024 {
        guest.link().notify(Some("RNG\r\n"));
    }
    guest.hears_nothing().await;
    guest.link().notify(Some("RNG\r\n"));
    assert_eq!(guest.hears_to_the_end().await, "");
    ground.has_seen_off(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_has_a_while() {
    let stranger_time = Duration::from_millis(150);
    let mut ground = Ground::new(Terms { stranger_time, ..TERMS });
    let mut guest = ground.guest().await;
    for said in ["", "PN", "PNG 1\r\n", "LAT 1\r\n"] {
        let began = Instant::now();
        let mut stranger = ground.stranger().await;
        stranger.says(said).await;
        let heard = stranger.hears_to_the_end().await;
        assert_eq!(heard, if said.starts_with("PNG 1") { "QNG 1\r\n" } else { "" }, "{said:?}");
        assert!(began.elapsed() >= stranger_time, "{said:?}");
    }
    guest.says("PNG 2\r\n").await;
    guest.hears("QNG 2\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_has_a_few_commands() {
    let mut ground = Ground::new(Terms { stranger_commands: 3, ..TERMS });
    let mut stranger = ground.stranger().await;
    stranger.says("PNG 1\r\nPNG 2\r\nPNG 3\r\nPNG 4\r\nPNG 5\r\n").await;
    assert_eq!(stranger.hears_to_the_end().await, "QNG 1\r\nQNG 2\r\nQNG 3\r\n");

    let mut guest = ground.stranger().await;
    guest.says("PNG 1\r\nPNG 2\r\nUSR 3\r\nPNG 4\r\nPNG 5\r\n").await;
    guest.hears("QNG 1\r\nQNG 2\r\nUSR 3\r\nQNG 4\r\nQNG 5\r\n").await;
    guest.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_has_a_few_bytes() {
    let mut ground = Ground::new(Terms { stranger_bytes: 20, ..TERMS });
    let mut stranger = ground.stranger().await;
    stranger.says("PNG 1\r\n\r\nPNG 2\r\nPNG 3\r\n").await;
    assert_eq!(stranger.hears_to_the_end().await, "QNG 1\r\nQNG 2\r\n");

    let mut guest = ground.stranger().await;
    guest.says("USR 0\r\nMSG 20 20\r\n12345678901234567890").await;
    guest.hears("USR 0\r\nMSG 20 20\r\n12345678901234567890").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_without_end_closes() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    guest.says(&format!("PNG 1\r\nPNG {}", "x".repeat(200))).await;
    assert_eq!(guest.hears_to_the_end().await, "QNG 1\r\n");
    ground.has_seen_off(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_beyond_the_rate_are_delayed_and_not_lost() {
    let every = Duration::from_millis(150);
    let mut ground = Ground::new(Terms { commands: Rate { burst: 3, every }, ..TERMS });
    let mut guest = ground.guest().await;
    let began = Instant::now();
    guest.says("PNG 1\r\nPNG 2\r\nPNG 3\r\nPNG 4\r\nPNG 5\r\nLAT 6\r\nPN").await;
    assert_eq!(guest.hears_at_once().await, "QNG 1\r\nQNG 2\r\nQNG 3\r\n");
    assert!(guest.link().send(b"NLN news\r\n"), "news is not delayed");
    guest.hears("NLN news\r\n").await;
    guest.says("G 7\r\n").await;
    guest.hears("QNG 4\r\nQNG 5\r\n").await;
    ground.gate.add_permits(1);
    guest.hears("LAT 6\r\nQNG 7\r\n").await;
    let took = began.elapsed();
    assert!(took >= every * 4 && took < every * 4 + LONG / 2, "{took:?}");

    sleep(every * 4).await;
    guest.says("PNG 1\r\nPNG 2\r\nPNG 3\r\n").await;
    assert_eq!(guest.hears_at_once().await, "QNG 1\r\nQNG 2\r\nQNG 3\r\n", "it is full again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_words_arrive_although_input_is_unread() {
    let mut ground = Ground::new(TERMS);
    for round in 1..=20 {
        let mut guest = ground.guest().await;
        let unread = "PNG never\r\n".repeat(20_000);
        guest.says(&format!("PNG 1\r\nBYE 2\r\n{unread}")).await;
        assert_eq!(guest.hears_to_the_end().await, "QNG 1\r\nBYE 2\r\n");
        drop(guest);
        ground.has_seen_off(round).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_words_behind_much_that_waits_arrive() {
    let mut ground = Ground::new(Terms { outbox: 1 << 30, ..TERMS });
    let mut guest = ground.guest().await;
    let count = 16 << 20;
    assert!(guest.link().send(&vec![b'x'; count]));
    guest.says("BYE 1\r\n").await;
    ground.has_seen_off(1).await;
    let heard = guest.hears_to_the_end().await;
    assert_eq!(heard.len(), count + 7);
    assert!(heard.ends_with("BYE 1\r\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_closes_is_cut_after_its_last_words() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    guest.says("BYE 1\r\n").await;
    assert_eq!(guest.hears_to_the_end().await, "BYE 1\r\n");
    let gone = async {
        while ground.shutdown.open() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, gone).await.expect("it does not wait for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_written_once_to_each() {
    let mut ground = Ground::new(TERMS);
    let mut guests = [ground.guest().await, ground.guest().await, ground.guest().await];
    for round in 0..20 {
        batch(|| {
            for number in 0..10 {
                for guest in &guests {
                    assert!(guest.link().send(format!("NLN {round}.{number}\r\n").as_bytes()));
                }
            }
            // One in another belongs to it.
            batch(|| assert!(guests[0].link().send(b"NLN inner\r\n")));
            std::thread::sleep(Duration::from_millis(2));
            for guest in &guests {
                let early = guest.stream.try_read(&mut [0; 100]);
                assert!(early.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock), "nothing before the end");
            }
        });
        let all: String = (0..10).map(|number| format!("NLN {round}.{number}\r\n")).collect();
        assert_eq!(guests[0].hears_at_once().await, format!("{all}NLN inner\r\n"));
        assert_eq!(guests[1].hears_at_once().await, all);
        assert_eq!(guests[2].hears_at_once().await, all);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_panics_is_written_and_over() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let link = guest.link();
    let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        batch(|| {
            link.send(b"NLN before\r\n");
            panic!("on purpose");
        });
    }));
    assert!(panics.is_err());
    guest.hears("NLN before\r\n").await;
    assert!(link.send(b"NLN after\r\n"));
    guest.hears("NLN after\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_send_to_one_at_the_same_time() {
    let mut ground = Ground::new(Terms { outbox: 1 << 30, ..TERMS });
    let mut guest = ground.guest().await;
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let link = guest.link();
            std::thread::spawn(move || {
                for number in 0..2000 {
                    let say = || assert!(link.send(format!("NLN {sender} {number}\r\n").as_bytes()));
                    if number % 2 == 0 { batch(say) } else { say() }
                }
            })
        })
        .collect();
    let mut heard = String::new();
    while heard.lines().count() < 8000 || !heard.ends_with('\n') {
        heard += &guest.hears_at_once().await;
    }
    for sender in senders {
        sender.join().expect("sent");
    }
    for sender in 0..4 {
        let start = format!("NLN {sender} ");
        let numbers = heard.lines().filter_map(|line| line.strip_prefix(&start)?.parse::<usize>().ok());
        assert!(numbers.eq(0..2000), "whole and in order");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_strangers_and_a_cut_all() {
    let mut ground = Ground::new(TERMS);
    let (mut stranger, mut guest, mut busy) = (ground.stranger().await, ground.guest().await, ground.guest().await);
    busy.says("LAT 1\r\n").await;
    ground.shutdown.stop();
    assert_eq!(stranger.hears_to_the_end().await, "");
    drop(stranger);
    guest.says("PNG 1\r\n").await;
    guest.hears("QNG 1\r\n").await;
    busy.hears_nothing().await;
    let refused = TcpStream::connect(ground.address).await;
    assert!(refused.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused));
    assert_eq!(ground.shutdown.open(), 2);

    let shutdown = ground.shutdown.clone();
    let patience = Duration::from_millis(200);
    let began = Instant::now();
    let drain = tokio::spawn(async move { shutdown.drain(patience).await });
    for mut guest in [guest, busy] {
        assert_eq!(guest.hears_to_the_end().await, "");
        assert!(began.elapsed() >= patience, "they have a while");
    }
    drain.await.expect("drained");
    assert_eq!(ground.shutdown.open(), 0);
    ground.has_seen_off(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_does_not_wait_when_all_are_gone() {
    let mut ground = Ground::new(TERMS);
    drop(ground.guest().await);
    ground.shutdown.stop();
    let began = Instant::now();
    ground.shutdown.drain(LONG).await;
    assert!(began.elapsed() < LONG / 2);
    assert_eq!(ground.shutdown.open(), 0);
}

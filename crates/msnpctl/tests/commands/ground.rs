//! A store in a directory of its own, and the program run on it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const AMY: &str = "amy@example.com";
pub(crate) const BOB: &str = "bob@example.com";

/// A store in a directory of its own, and the configuration that names it.
pub(crate) struct Ground {
    pub(crate) directory: TempDir,
}

impl Ground {
    pub(crate) fn new(more: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name).display().to_string();
        let config = format!(
            "[store]\nurl = \"sqlite:{}\"\nkey_file = \"{}\"\n{more}\n",
            at("data/msnp.db"),
            at("key/master.key")
        );
        std::fs::write(directory.path().join("msnpd.toml"), config).expect("written");
        Self { directory }
    }

    /// One that has Amy and Bob.
    pub(crate) fn with_two(more: &str) -> Self {
        let ground = Self::new(more);
        for (email, name) in [(AMY, "Amy Smith"), (BOB, "Bob")] {
            ground.says(&["account", "add", email, "--name", name, "--password", "secret"]);
        }
        ground
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_msnpctl"));
        command.arg("--config").arg(self.directory.path().join("msnpd.toml")).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("it runs")
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self.command();
        child.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().expect("it runs");
        child.stdin.take().expect("a pipe").write_all(input).expect("written");
        child.wait_with_output().expect("it ends")
    }

    /// What a command that succeeds says.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        text(&output.stdout)
    }

    /// The one value that a command says to programs.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let said = self.says(&[&["--json"], arguments].concat());
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said}"))
    }

    /// The version of an account's lists and settings.
    pub(crate) fn serial(&self, email: &str) -> u64 {
        self.json(&["account", "show", email])["serial"].as_u64().expect("a number")
    }

    /// The sentence with which a command fails.
    pub(crate) fn fails(&self, arguments: &[&str]) -> String {
        sentence(&self.run(arguments))
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

pub(crate) fn sentence(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
    let said = text(&output.stderr);
    let sentence = said.strip_prefix("error: ").and_then(|said| said.strip_suffix('\n')).expect("an error");
    sentence.to_owned()
}

/// Everything that is in the files below a directory.
pub(crate) fn contents(directory: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.extend(std::fs::read(path).expect("a file"));
        }
    }
    all
}

pub(crate) fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

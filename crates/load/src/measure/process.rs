//! What the system knows of processes.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// Processor time that processes have used so far, in user and system mode, by all threads that
/// they have and had. To the nanosecond, where `/proc/PID/stat` has hundredths of a second.
pub(crate) fn cpu(pids: &[u32]) -> anyhow::Result<Duration> {
    let mut sum = Duration::ZERO;
    for pid in pids {
        let id = Pid::from_raw(i32::try_from(*pid)?);
        let gone = || format!("the server's process {pid} is gone");
        let time = clock_gettime(ClockId::pid_cpu_clock_id(id).with_context(gone)?).with_context(gone)?;
        sum += Duration::from(time);
    }
    Ok(sum)
}

/// Bytes of memory that processes have resident.
pub(crate) fn memory(pids: &[u32]) -> anyhow::Result<u64> {
    sum(pids, "VmRSS:").map(|kilobytes| kilobytes * 1024)
}

/// Threads that processes have.
pub(crate) fn threads(pids: &[u32]) -> anyhow::Result<u64> {
    sum(pids, "Threads:")
}

fn sum(pids: &[u32], field: &str) -> anyhow::Result<u64> {
    let mut sum = 0;
    for pid in pids {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))
            .with_context(|| format!("the server's process {pid} is gone"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        sum += number.with_context(|| format!("/proc/{pid}/status has no {field}"))?;
    }
    Ok(sum)
}

/// Time that all processors of the machine together were busy so far, in hundredths of a second.
pub(crate) fn busy() -> anyhow::Result<u64> {
    let stat = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    busy_of(&stat).context("/proc/stat has another form")
}

/// Of `user nice system idle iowait irq softirq steal`, all but `idle` and `iowait`.
fn busy_of(stat: &str) -> Option<u64> {
    let fields: Option<Vec<u64>> =
        stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8).map(|field| field.parse().ok()).collect();
    let fields = fields.filter(|fields| fields.len() == 8)?;
    Some(fields.iter().sum::<u64>() - fields[3] - fields[4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_time_and_memory() {
        let me = [std::process::id()];
        let before = cpu(&me).unwrap();
        let mut sum = 0_u64;
        while cpu(&me).unwrap() < before + Duration::from_millis(5) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(memory(&me).unwrap() > 1024 * 1024 && threads(&me).unwrap() >= 1);
        assert!(busy().unwrap() > 0);
    }

    #[test]
    fn a_process_that_is_gone_is_told() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(cpu(&[pid]).is_err() && memory(&[pid]).is_err());
    }

    #[test]
    fn what_others_use_is_all_but_idling() {
        assert_eq!(busy_of("cpu  10 2 30 400 50 6 7 8 0 0\ncpu0 1 2"), Some(63));
        assert_eq!(busy_of("cpu 10 2"), None);
    }
}

//! What a server process costs, from the outside (Linux only).

use std::fs;

/// A process at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    /// User time so far, in clock ticks of a hundredth of a second.
    pub user_hundredths: u64,
    /// System time so far, in clock ticks of a hundredth of a second.
    pub system_hundredths: u64,
    /// Memory in RAM, KiB.
    pub resident_kib: u64,
}

impl Server {
    /// Looks at a process; nothing when there is none.
    pub fn look(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold blanks.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(Self {
            user_hundredths: fields.get(11)?.parse().ok()?,
            system_hundredths: fields.get(12)?.parse().ok()?,
            resident_kib: resident.split_whitespace().next()?.parse().ok()?,
        })
    }
}

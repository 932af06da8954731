//! What was done and what waits, hour by hour, in blocks of text.

use std::io::{self, Write};

use governance::quota::{DAY_MS, day_of};
use label_core::calendar::date_from_days;

const HOUR_MS: i64 = 3_600_000;

/// From nothing to all.
const BLOCKS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// One app's hours, from the midnight on which the chart begins.
#[derive(Debug)]
pub(super) struct Chart {
    begin_ms: i64,
    done: Vec<u64>,
    waiting: Vec<u64>,
}

impl Chart {
    /// An empty chart of so many days.
    pub(super) fn new(begin_ms: i64, days: usize) -> Self {
        let hours = days * 24;
        Self {
            begin_ms,
            done: vec![0; hours],
            waiting: vec![0; hours],
        }
    }

    /// Notes at the end of an hour how many were done in it, and how many wait.
    pub(super) fn note(&mut self, hour_end_ms: i64, done: u64, waiting: u64) {
        let hour = (hour_end_ms - self.begin_ms) / HOUR_MS - 1;
        let Ok(hour) = usize::try_from(hour) else {
            return;
        };
        if let (Some(one), Some(other)) = (self.done.get_mut(hour), self.waiting.get_mut(hour)) {
            *one = done;
            *other = waiting;
        }
    }

    /// Two lines a day: done in each hour, and waiting at its end.
    pub(super) fn print(&self, name: &str, out: &mut dyn Write) -> io::Result<()> {
        let most = |values: &[u64]| values.iter().copied().max().unwrap_or(0).max(1);
        let (most_done, most_waiting) = (most(&self.done), most(&self.waiting));
        writeln!(
            out,
            "{name}: a column an hour, UTC; a full block is {most_done} done, {most_waiting} waiting"
        )?;
        writeln!(out, "                     0     6     12    18")?;
        let days = self.done.chunks(24).zip(self.waiting.chunks(24));
        for (number, (done, waiting)) in days.enumerate() {
            let midnight = self.begin_ms + i64::try_from(number).unwrap_or(0) * DAY_MS;
            let total: u64 = done.iter().sum();
            let left = waiting.last().copied().unwrap_or(0);
            writeln!(
                out,
                "{}  done     {}  {total:>4}",
                date(midnight),
                bar(done, most_done)
            )?;
            writeln!(
                out,
                "            waiting  {}  {left:>4}",
                bar(waiting, most_waiting)
            )?;
        }
        writeln!(out)
    }
}

fn bar(values: &[u64], most: u64) -> String {
    let top = BLOCKS.len() as u64 - 1;
    let block = |value: &u64| {
        // Anything at all is more than nothing.
        let level = (value * top).div_ceil(most).min(top);
        let level = usize::try_from(level).unwrap_or(0);
        BLOCKS.get(level).copied().unwrap_or(' ')
    };
    values.iter().map(block).collect()
}

/// A day as people write it: `Mon 04 Jan`.
fn date(at_ms: i64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let day = day_of(at_ms);
    let (_, month, of_month) = date_from_days(day);
    let pick = |names: &[&'static str], place: i64| {
        let place = usize::try_from(place).ok();
        place
            .and_then(|place| names.get(place))
            .copied()
            .unwrap_or("?")
    };
    let weekday = pick(&WEEKDAYS, day.rem_euclid(7));
    format!("{weekday} {of_month:02} {}", pick(&MONTHS, month - 1))
}

/// An instant as people write it: `Mon 04 Jan 08:00`.
pub(super) fn time(at_ms: i64) -> String {
    let minutes = at_ms.rem_euclid(DAY_MS) / 60_000;
    format!("{} {:02}:{:02}", date(at_ms), minutes / 60, minutes % 60)
}

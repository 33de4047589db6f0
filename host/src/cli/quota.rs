//! `stoflow quota`: what marketplaces allow, what was used and what is left of it.

use super::Failure;
use super::client::{Client, path};
use super::rows::rows;
use crate::api::ReportedQuota;
use crate::model::QuotaWindow;

/// What stands where nobody knows.
const UNKNOWN: &str = "–";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The reply as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(client: &mut Client, arguments: Arguments) -> Result<(), Failure> {
    let quotas: Vec<ReportedQuota> = client.get(&path(&["api", "quotas"], &[])).await?;
    if arguments.json {
        return super::print_json(&quotas);
    }
    if quotas.is_empty() {
        println!("No plugin has been granted a quota.");
        return Ok(());
    }
    let lines: Vec<Vec<String>> = quotas.iter().map(line).collect();
    let headings = ["APP", "WINDOW", "USED", "LEFT", "CLOSED", "ACCOUNT"];
    print!("{}", rows(&headings, &lines));
    if quotas
        .iter()
        .all(|quota| quota.used == 0 && quota.left.is_none())
    {
        println!(
            "Nothing was sent since the host has started; what other programs used is not known."
        );
    }
    Ok(())
}

fn line(quota: &ReportedQuota) -> Vec<String> {
    let unknown = || UNKNOWN.to_owned();
    vec![
        quota.plugin.to_string(),
        window(&quota.window),
        format!("{}/{}", grouped(quota.used), grouped(quota.limit)),
        quota.left.map_or_else(unknown, grouped),
        quota
            .closed_seconds
            .map_or_else(unknown, |seconds| format!("{seconds} s")),
        quota
            .account
            .as_ref()
            .map_or_else(unknown, ToString::to_string),
    ]
}

fn window(window: &QuotaWindow) -> String {
    match window {
        QuotaWindow::Sliding(1) => "second".to_owned(),
        QuotaWindow::Sliding(60) => "minute".to_owned(),
        QuotaWindow::Sliding(seconds) if seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
        QuotaWindow::Sliding(seconds) => format!("{seconds} s"),
        QuotaWindow::Day(zone) => format!("day ({zone})"),
    }
}

/// With a comma before each three digits.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_windows_are_written_for_people() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (6_210_001, "6,210,001"),
        ] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(window(&QuotaWindow::Sliding(86_400)), "24 h");
        assert_eq!(window(&QuotaWindow::Sliding(90)), "90 s");
        assert_eq!(window(&QuotaWindow::Day("UTC".into())), "day (UTC)");
    }
}

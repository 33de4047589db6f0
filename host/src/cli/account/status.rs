//! `stoflow account status`: an account on one page.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::super::Failure;
use super::super::client::{Client, path};
use super::super::text::{one_line, width};
use crate::accounts::{Ended, RefreshHistory};
use crate::api::{AccountReport, ReportedSetting, ReportedState, ReportedToken};
use crate::model::Account;

#[derive(Debug, Args)]
pub(in crate::cli) struct Status {
    /// Its id (acc_…) or USER/PLUGIN/SHOP
    account: String,
    /// The reply as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(client: &mut Client, status: Status) -> Result<(), Failure> {
    let report: AccountReport = client
        .get(&path(&["api", "accounts", &status.account], &[]))
        .await?;
    if status.json {
        return super::super::print_json(&report);
    }
    print!("{}", page(&report, Timestamp::now()));
    Ok(())
}

/// A name and what is told by it.
type Line = (&'static str, String);

/// The page, each line with its end.
pub(super) fn page(report: &AccountReport, now: Timestamp) -> String {
    let mut lines = vec![("account", named(report)), ("state", state(report, now))];
    if let Some(account) = &report.account {
        lines.extend(of_account(account));
    }
    if let Some(token) = &report.token {
        lines.extend(of_token(token, now));
    }
    if let Some(refreshes) = &report.refreshes {
        lines.extend(of_refreshes(refreshes, now));
    }
    if let Some(due) = report.idle_refresh_at {
        lines.push(("if unused", format!("refreshed {}", from_now(due, now))));
    }
    lines.extend(report.settings.iter().filter_map(of_setting));
    aligned(&lines)
}

fn named(report: &AccountReport) -> String {
    match (&report.account, &report.alias) {
        (Some(account), Some(alias)) => {
            format!("{} ({alias}, {})", account.identity.name, report.id)
        }
        _ => format!("{} on {}", report.id, report.plugin),
    }
}

fn state(report: &AccountReport, now: Timestamp) -> String {
    let state = match report.state {
        ReportedState::Connected => "connected",
        ReportedState::NeedsConsent => "needs consent",
        ReportedState::Disconnected => "disconnected",
    };
    let since = format!("{state} since {}", at(report.since, now));
    match &report.reason {
        Some(reason) => format!("{since}: {reason}"),
        None => since,
    }
}

fn of_account(account: &Account) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(shop) = &account.identity.shop_id {
        lines.push(("shop", shop.clone()));
    }
    lines.push(("scopes", account.scopes.join(", ")));
    if !account.missing_scopes.is_empty() {
        let missing = account.missing_scopes.join(", ");
        lines.push((
            "not allowed",
            format!("{missing}: calls that need it are refused"),
        ));
    }
    lines
}

fn of_token(token: &ReportedToken, now: Timestamp) -> Vec<Line> {
    let mut lines = vec![(
        "token",
        format!(
            "number {}, {} old, ends {}",
            token.generation,
            length(SignedDuration::from_secs(token.age_seconds)),
            from_now(token.expires_at, now)
        ),
    )];
    let refresh = match token.refresh_expires_at {
        Some(end) => format!("ends {}", at(end, now)),
        None => "nobody knows its end".to_owned(),
    };
    lines.push(("refresh token", refresh));
    lines
}

fn of_refreshes(refreshes: &RefreshHistory, now: Timestamp) -> Vec<Line> {
    let told = |ended: &Ended| {
        let told = format!("{} {}", ended.outcome, at(ended.at, now));
        match ended.words.as_str() {
            "" => told,
            words => format!("{told}: {words}"),
        }
    };
    let mut lines = Vec::new();
    lines.extend(
        refreshes
            .last
            .as_ref()
            .map(|last| ("last refresh", told(last))),
    );
    let error = refreshes.last_error.as_ref();
    let error = error.filter(|error| refreshes.last.as_ref() != Some(*error));
    lines.extend(error.map(|error| ("last error", told(error))));
    if refreshes.failures > 0 {
        let next = refreshes.next_try_at.map_or_else(String::new, |next| {
            format!("; asked again {}", from_now(next, now))
        });
        lines.push(("failures", format!("{} in a row{next}", refreshes.failures)));
    }
    if let Some(ahead) = refreshes.clock_ahead_seconds {
        let side = if ahead < 0 { "behind" } else { "ahead of" };
        let difference = length(SignedDuration::from_secs(ahead.saturating_abs()));
        let words = format!("this machine's is {difference} {side} the marketplace's: set it");
        lines.push(("clock", words));
    }
    lines
}

fn of_setting(setting: &ReportedSetting) -> Option<Line> {
    let value = setting.value.as_ref()?;
    Some(("setting", format!("{} = {value}", setting.name)))
}

fn aligned(lines: &[Line]) -> String {
    let widest = lines.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let mut text = String::new();
    for (name, told) in lines {
        let space = " ".repeat(widest - width(name) + 3);
        text.push_str(&format!("{name}{space}{}\n", one_line(told)));
    }
    text
}

/// A time, and how far it is from now.
fn at(time: Timestamp, now: Timestamp) -> String {
    format!("{time:.0} ({})", from_now(time, now))
}

fn from_now(time: Timestamp, now: Timestamp) -> String {
    let ahead = time.duration_since(now);
    if ahead.is_negative() {
        format!("{} ago", length(ahead.abs()))
    } else {
        format!("in {}", length(ahead))
    }
}

/// A length of time in its largest unit, of which there are at least two.
fn length(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    match seconds {
        172_800.. => format!("{} days", seconds / 86_400),
        7200.. => format!("{} h", seconds / 3600),
        120.. => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report(more: serde_json::Value) -> AccountReport {
        let mut report = json!({
            "id": "acc_aaaaaaaaaaaaaaaa", "plugin": "etsy", "state": "connected",
            "since": "2026-01-01T00:00:00Z",
        });
        let more = more.as_object().unwrap().clone();
        report.as_object_mut().unwrap().extend(more);
        serde_json::from_value(report).unwrap()
    }

    fn now() -> Timestamp {
        "2026-01-03T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_failing_account_says_what_fails_since_when_and_what_comes_next() {
        let ended = json!({"at": "2026-01-03T11:00:00Z", "outcome": "transient",
            "words": "etsy answers 500"});
        let text = page(
            &report(json!({
                "token": {"issued_at": "2026-01-03T10:00:00Z", "age_seconds": 7200,
                    "expires_at": "2026-01-03T11:00:00Z", "generation": 4,
                    "refresh_expires_at": "2026-04-03T12:00:00Z"},
                "refreshes": {"last": ended, "last_error": ended, "failures": 3,
                    "next_try_at": "2026-01-03T12:00:30Z", "clock_ahead_seconds": -7260},
                "settings": [{"name": "who-made", "summary": "", "value": "i_did"},
                    {"name": "section", "summary": ""}],
            })),
            now(),
        );
        let expected = "\
account         acc_aaaaaaaaaaaaaaaa on etsy
state           connected since 2026-01-01T00:00:00Z (2 days ago)
token           number 4, 2 h old, ends 60 min ago
refresh token   ends 2026-04-03T12:00:00Z (in 90 days)
last refresh    transient 2026-01-03T11:00:00Z (60 min ago): etsy answers 500
failures        3 in a row; asked again in 30 s
clock           this machine's is 2 h behind the marketplace's: set it
setting         who-made = i_did
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_disconnected_account_says_so_and_no_more() {
        let text = page(
            &report(json!({"state": "disconnected", "reason": "it was disconnected here"})),
            now(),
        );
        let expected = "\
account   acc_aaaaaaaaaaaaaaaa on etsy
state     disconnected since 2026-01-01T00:00:00Z (2 days ago): it was disconnected here
";
        assert_eq!(text, expected);
    }
}

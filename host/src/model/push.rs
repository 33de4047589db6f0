//! What a marketplace pushes, as the host reads it: the records of `webhooks` in their JSON form.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `webhooks.verification`: who checks that a push is genuine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// The host, by Standard Webhooks, with the operator's secret.
    StandardWebhooks,
    /// The plugin, in `receive`.
    Plugin,
}

/// `webhooks.notice`: what a push is a hint of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Run this poll job of this account now.
    Poll(PollNotice),
    /// The seller has taken the consent back.
    Revoked(AccountRef),
    /// What is kept about this person is to be erased: all the ids there are for them.
    Erase(Vec<String>),
}

/// `webhooks.poll-notice`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollNotice {
    /// Whose.
    pub account: AccountRef,
    /// One of `poll.jobs`.
    pub job: String,
}

/// `webhooks.account-ref`: by which id the marketplace names an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountRef {
    /// That of its identity.
    Id(String),
    /// Its shop's.
    ShopId(String),
}

/// Whether JSON has one of these ids, as a text or a number of its own: an id of few digits stands in
/// many a longer one.
pub fn tells_of(value: &Value, ids: &[String]) -> bool {
    match value {
        Value::String(text) => ids.contains(text),
        Value::Number(number) => ids.contains(&number.to_string()),
        Value::Array(items) => items.iter().any(|item| tells_of(item, ids)),
        Value::Object(members) => members.values().any(|member| tells_of(member, ids)),
        Value::Null | Value::Bool(_) => false,
    }
}

/// `webhooks.outcome`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PushOutcome {
    /// What the host is to do.
    #[serde(deserialize_with = "known")]
    pub notices: Vec<Notice>,
    /// What the marketplace is answered.
    pub response: PushResponse,
}

/// `webhooks.response`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PushResponse {
    /// HTTP status.
    pub status: u16,
    /// Of the body.
    pub content_type: String,
    /// In base64.
    pub body: String,
}

/// The notices that this host knows: the variant may gain cases.
fn known<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Notice>, D::Error> {
    let notices = Vec::<Value>::deserialize(deserializer)?;
    let known = notices
        .into_iter()
        .filter_map(|notice| serde_json::from_value(notice).ok());
    Ok(known.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_found_by_a_whole_id_and_not_by_a_part_of_one() {
        let ids = ["17".to_owned(), "ann".to_owned()];
        let tells = |json: &str| tells_of(&serde_json::from_str(json).unwrap(), &ids);
        assert!(tells(r#"{"buyer":{"id":17}}"#) && tells(r#"[{"id":"17"}]"#));
        assert!(tells(r#"["ann"]"#));
        assert!(!tells(r#"{"17":"anna","id":170,"total":"17.00"}"#));
    }

    #[test]
    fn notices_are_read_and_one_of_a_later_contract_is_passed_over() {
        let outcome: PushOutcome = serde_json::from_str(
            r#"{
                "notices": [
                    {"poll": {"account": {"shop_id": "7"}, "job": "orders"}},
                    {"moved": {"to": "elsewhere"}},
                    {"revoked": {"id": "1"}},
                    {"erase": ["1", "2"]}
                ],
                "response": {"status": 200, "content_type": "text/plain", "body": ""}
            }"#,
        )
        .unwrap();
        assert_eq!(
            outcome.notices,
            [
                Notice::Poll(PollNotice {
                    account: AccountRef::ShopId("7".into()),
                    job: "orders".into()
                }),
                Notice::Revoked(AccountRef::Id("1".into())),
                Notice::Erase(vec!["1".into(), "2".into()]),
            ]
        );
    }
}

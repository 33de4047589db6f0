//! What is searched for, prepared once for a set of secrets and used for many replies.

use std::collections::BTreeSet;
use std::fmt;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::unit::{UNIT_BYTES_MAX, escaped, spelled};
use crate::secret::Secret;

/// How much of each pattern the automaton looks for; the rest is compared where that is found. So
/// the automaton stays small for tokens of several KiB.
const ANCHOR_BYTES_MAX: usize = 24;

/// Secrets in all the forms in which they are searched for.
pub(in crate::gateway) struct Needles {
    secrets: Vec<Secret>,
    patterns: Vec<Zeroizing<Vec<u8>>>,
    /// Finds the last bytes of each pattern, the same number of each.
    anchors: AhoCorasick,
    /// Which bytes stand in a pattern: an escape of any other is passed over.
    held: [bool; 256],
    reach: usize,
}

impl fmt::Debug for Needles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Needles for {} secrets", self.secrets.len())
    }
}

impl Needles {
    /// `None` where there is nothing to search for. Each secret has at least
    /// [`SECRET_BYTES_MIN`](crate::config::SECRET_BYTES_MIN) bytes.
    pub(in crate::gateway) fn new(secrets: Vec<Secret>) -> Option<Self> {
        let distinct: BTreeSet<Vec<u8>> = secrets
            .iter()
            .flat_map(|secret| forms(secret.expose().as_bytes()))
            .collect();
        let patterns: Vec<_> = distinct.into_iter().map(Zeroizing::new).collect();
        let shortest = patterns.iter().map(|pattern| pattern.len()).min()?;
        let longest = patterns.iter().map(|pattern| pattern.len()).max()?;
        let length = shortest.min(ANCHOR_BYTES_MAX);
        let ends = patterns
            .iter()
            .filter_map(|pattern| pattern.get(pattern.len() - length..));
        let anchors = AhoCorasick::builder()
            // Of anchors of one length each kind finds the same; without this one there is no
            // prefilter that takes so many, and the search costs as much as the plugin itself.
            .match_kind(MatchKind::LeftmostFirst)
            // Small beats fast here: the prefilter is what reads nearly all of a page.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(ends)
            .ok()?;
        let mut held = [false; 256];
        for byte in patterns.iter().flat_map(|pattern| pattern.iter()) {
            if let Some(held) = held.get_mut(usize::from(*byte)) {
                *held = true;
            }
        }
        let reach = longest * UNIT_BYTES_MAX;
        Some(Self {
            secrets,
            patterns,
            anchors,
            held,
            reach,
        })
    }

    /// How many bytes the longest spelling of the longest pattern has: so much of a page has to be
    /// at hand to be sure of its beginning.
    pub(in crate::gateway) fn reach(&self) -> usize {
        self.reach
    }

    /// The secrets that are searched for.
    pub(in crate::gateway) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Whether any is found.
    pub(in crate::gateway) fn are_in(&self, text: &[u8]) -> bool {
        !self.plain(text).is_empty() || !self.escaped(text).is_empty()
    }

    /// Replaces what is found by stars; how many were found.
    pub(in crate::gateway) fn star(&self, text: &mut [u8]) -> usize {
        let mut found = self.plain(text);
        found.extend(self.escaped(text));
        found.sort_unstable();
        let (mut count, mut starred) = (0, 0);
        for (start, end) in found {
            // One place may be read as more than one pattern.
            count += usize::from(start >= starred);
            starred = starred.max(end);
            if let Some(place) = text.get_mut(start..end) {
                place.fill(b'*');
            }
        }
        count
    }

    /// Where patterns stand as they are.
    fn plain(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(anchor) = self.anchors.find(Input::new(text).range(at..)) {
            let end = anchor.end();
            let before = text.get(..end).unwrap_or_default();
            let whole = self
                .patterns
                .iter()
                .filter(|pattern| before.ends_with(pattern));
            if let Some(length) = whole.map(|pattern| pattern.len()).max() {
                found.push((end - length, end));
            }
            // Anchors are of one length: none that begins earlier can still be open.
            at = anchor.start() + 1;
        }
        found
    }

    /// Where patterns stand with at least one character escaped. Everything before the first escape
    /// in a pattern is plain, so looking at each escape finds them all.
    fn escaped(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for at in memchr::memchr3_iter(b'%', b'\\', b'&', text) {
            let (before, after) = text.split_at(at);
            let Some((byte, length)) = escaped(after) else {
                continue;
            };
            if !self.held.get(usize::from(byte)).copied().unwrap_or(false) {
                continue;
            }
            for pattern in &self.patterns {
                for place in memchr::memchr_iter(byte, pattern) {
                    let (head, tail) = pattern.split_at(place);
                    if let Some(rest) = after.get(length..).filter(|_| before.ends_with(head))
                        && let Some(more) = spelled_all(rest, tail.get(1..).unwrap_or_default())
                    {
                        found.push((at - place, at + length + more));
                    }
                }
            }
        }
        found
    }
}

/// Whether `text` begins with `pattern`, each character in any spelling; and then how long that is.
fn spelled_all(text: &[u8], pattern: &[u8]) -> Option<usize> {
    pattern
        .iter()
        .try_fold(0, |at, byte| Some(at + spelled(text.get(at..)?, *byte)?))
}

/// A secret as it is, in base64 and in hexadecimal.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec(), hex::encode(secret).into_bytes()];
    forms.push(hex::encode_upper(secret).into_bytes());
    for skipped in 0..3 {
        forms.push(base64_inner(&STANDARD_NO_PAD, secret, skipped));
        forms.push(base64_inner(&URL_SAFE_NO_PAD, secret, skipped));
    }
    forms
}

/// The base64 characters that a secret alone decides, where it begins `skipped` bytes after a
/// boundary of three: the first and the last one share bits with what stands beside the secret.
fn base64_inner(engine: &impl Engine, secret: &[u8], skipped: usize) -> Vec<u8> {
    let mut padded = Zeroizing::new(vec![0; skipped]);
    padded.extend_from_slice(secret);
    let text = Zeroizing::new(engine.encode(&*padded));
    let first = (skipped * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    text.as_bytes().get(first..end).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "12345678.a-secret_token/with+all~kinds=";

    fn needles(secret: &str) -> Needles {
        Needles::new(vec![Secret::new(secret.into())]).unwrap()
    }

    fn found(secret: &str, page: &str) -> usize {
        let mut text = page.as_bytes().to_vec();
        let found = needles(secret).star(&mut text);
        assert_eq!(text.len(), page.len());
        found
    }

    #[test]
    fn a_secret_is_found_as_it_is_and_in_base64_at_every_alignment() {
        for before in 0..4 {
            for after in 0..4 {
                let plain = format!("{}{TOKEN}{}", "a".repeat(before), "z".repeat(after));
                assert_eq!(found(TOKEN, &plain), 1);
                for text in [
                    STANDARD_NO_PAD.encode(&plain),
                    URL_SAFE_NO_PAD.encode(&plain),
                    base64::engine::general_purpose::STANDARD.encode(&plain),
                    hex::encode(&plain),
                    hex::encode_upper(&plain),
                ] {
                    assert!(found(TOKEN, &text) >= 1, "{before} {after} {text}");
                }
            }
        }
    }

    #[test]
    fn nothing_of_a_secret_is_left_but_the_bits_it_shares_with_its_neighbours() {
        for before in 0..3 {
            let plain = format!("{}{TOKEN}zz", "a".repeat(before));
            let mut text = STANDARD_NO_PAD.encode(&plain).into_bytes();
            needles(TOKEN).star(&mut text);
            let text = String::from_utf8(text).unwrap();
            let stars = text.matches('*').count();
            assert!(stars + 6 >= text.len() - before * 4 / 3 - 2, "{text}");
            let bytes = text
                .trim_start_matches(|c| c != '*')
                .trim_end_matches(|c| c != '*');
            assert!(bytes.bytes().all(|byte| byte == b'*'), "{text}");
        }
    }

    #[test]
    fn a_secret_is_found_with_any_of_its_characters_escaped() {
        let every = |spell: &dyn Fn(u8) -> String| TOKEN.bytes().map(spell).collect::<String>();
        for page in [
            every(&|byte| format!("%{byte:02X}")),
            every(&|byte| format!("%{byte:02x}")),
            every(&|byte| format!("\\u{byte:04x}")),
            every(&|byte| format!("\\x{byte:02x}")),
            every(&|byte| format!("&#{byte};")),
            every(&|byte| format!("&#x{byte:x};")),
            TOKEN.replace('/', "\\/"),
            TOKEN
                .replace('/', "%2F")
                .replace('+', "%2B")
                .replace('=', "%3D"),
            TOKEN.replace('1', "%31"),
            TOKEN.replace('=', "&#61;"),
            TOKEN
                .replace('.', "%2E")
                .replace('-', "%2D")
                .replace('_', "%5F")
                .replace('~', "%7E"),
            TOKEN.replace('/', "\\/").replace('+', "\\u002b"),
        ] {
            assert_eq!(found(TOKEN, &format!("x{page}y")), 1, "{page}");
        }
        let base64 = base64::engine::general_purpose::STANDARD.encode("?>?>secret?>?>?>of?>?>");
        assert!(base64.contains('/') && base64.contains('+'), "{base64}");
        let secret = "?>?>secret?>?>?>of?>?>";
        assert_eq!(found(secret, &base64.replace('/', "\\/")), 1);
        assert_eq!(
            found(secret, &base64.replace('/', "%2F").replace('+', "%2B")),
            1
        );
    }

    #[test]
    fn what_only_resembles_a_secret_is_left() {
        for page in [
            &TOKEN[1..],
            &TOKEN[..TOKEN.len() - 1],
            &TOKEN.to_ascii_uppercase(),
            &TOKEN.replace("secret", "public"),
            "",
        ] {
            assert_eq!(found(TOKEN, page), 0, "{page}");
        }
    }

    #[test]
    fn several_secrets_are_found_beside_and_inside_of_each_other() {
        let secrets = [
            "a-first-secret",
            "a-first-secret-that-goes-on",
            "cret-that-goes",
        ];
        let needles = Needles::new(secrets.map(|text| Secret::new(text.into())).to_vec()).unwrap();
        let mut text = b"[a-first-secret-that-goes-on][a-first-secret][cret-that-goes]".to_vec();
        assert_eq!(needles.star(&mut text), 3);
        let text = String::from_utf8(text).unwrap();
        assert!(text.bytes().all(|byte| b"[]*".contains(&byte)), "{text}");
    }

    #[test]
    fn a_long_token_keeps_the_automaton_small() {
        let long: String = (0..400).map(|number| format!("{number:07}.")).collect();
        let needles = needles(&long);
        assert!(
            needles.anchors.memory_usage() < 64 * 1024,
            "{}",
            needles.anchors.memory_usage()
        );
        let mut text = format!("{{{long}}}").into_bytes();
        assert_eq!(needles.star(&mut text), 1);
        assert_eq!(text, format!("{{{}}}", "*".repeat(long.len())).into_bytes());
    }

    #[test]
    fn without_secrets_there_is_nothing_to_search_for() {
        assert!(Needles::new(vec![]).is_none());
        assert!(!format!("{:?}", needles(TOKEN)).contains("secret_"));
    }
}

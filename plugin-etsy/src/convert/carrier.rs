//! Who carries a parcel, by the names that people use. Etsy takes its own word for a carrier or
//! `other`, and refuses the rest.

/// Etsy's word for a carrier that it does not follow.
pub const OTHER: &str = "other";

/// Etsy's words, each with the names that mean it, in lower case with letters and digits only. (API
/// tutorial on fulfilment; a word that is right already needs no line here)
const CARRIERS: [(&str, &[&str]); 28] = [
    ("an-post", &["anpost", "irishpost"]),
    ("aramex", &["aramex"]),
    ("australia-post", &["australiapost", "auspost"]),
    ("austrian-post", &["austrianpost", "osterreichischepost"]),
    ("bpost", &["bpost", "belgianpost"]),
    ("canada-post", &["canadapost", "postescanada"]),
    ("chronopost-france", &["chronopost", "chronopostfrance"]),
    ("correos-spain", &["correos", "correosspain"]),
    ("deutsche-post", &["deutschepost", "germanpost"]),
    ("dhl", &["dhl", "dhlexpress"]),
    ("dhl-germany", &["dhlgermany", "dhlpaket", "dhlparcel"]),
    ("dpd", &["dpd"]),
    ("dpd-uk", &["dpduk"]),
    ("fedex", &["fedex", "federalexpress"]),
    ("gls", &["gls"]),
    ("hermes", &["hermes", "evri"]),
    ("india-post", &["indiapost"]),
    ("japan-post", &["japanpost"]),
    ("la-poste", &["laposte", "colissimo", "laposteletter"]),
    ("mondial-relay", &["mondialrelay"]),
    ("new-zealand-post", &["newzealandpost", "nzpost"]),
    ("poste-italiane", &["posteitaliane"]),
    ("postnl", &["postnl"]),
    ("royal-mail", &["royalmail"]),
    ("swiss-post", &["swisspost", "dieschweizerischepost"]),
    ("ups", &["ups", "unitedparcelservice"]),
    (
        "usps",
        &["usps", "unitedstatespostalservice", "uspostalservice"],
    ),
    ("yodel", &["yodel"]),
];

/// Etsy's word for a carrier, and whether it had to be [`OTHER`]. A text in the form of Etsy's words
/// goes as it is: there are hundreds, and Etsy says which it does not know.
#[must_use]
pub fn carrier(text: &str) -> (String, bool) {
    let text = text.trim();
    let name: String = text
        .chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let known = CARRIERS
        .iter()
        .find(|(word, names)| *word == text || names.contains(&name.as_str()));
    if let Some((word, _)) = known {
        return ((*word).to_owned(), false);
    }
    let is_word = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_word && !text.is_empty() {
        return (text.to_owned(), false);
    }
    (OTHER.to_owned(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carriers_are_known_by_the_names_that_people_use() {
        for (text, word) in [
            ("usps", "usps"),
            (" USPS ", "usps"),
            ("U.S. Postal Service", "usps"),
            ("Royal Mail", "royal-mail"),
            ("royal_mail", "royal-mail"),
            ("Fed Ex", "fedex"),
            ("dhl-germany", "dhl-germany"),
            ("Colissimo", "la-poste"),
            ("4px", "4px"),
            ("other", "other"),
        ] {
            assert_eq!(carrier(text), (word.to_owned(), false), "{text}");
        }
    }

    #[test]
    fn a_carrier_that_nobody_knows_is_another_one() {
        for text in ["Uncle Bob's van", "Почта", "DHL Bicycle", ""] {
            assert_eq!(carrier(text), (OTHER.to_owned(), true), "{text}");
        }
    }

    #[test]
    fn no_name_means_two_carriers() {
        let mut names: Vec<&str> = CARRIERS
            .iter()
            .flat_map(|(_, names)| *names)
            .copied()
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}

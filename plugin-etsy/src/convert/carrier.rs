//! Who carries a parcel, by the names that people use. Etsy takes its own word for a carrier or
//! `other`, and refuses the rest.

/// Etsy's word for a carrier that it does not follow.
pub const OTHER: &str = "other";

/// Etsy's words for the usual carriers, each with other names that mean it, in lower case with letters
/// and digits only. Etsy has some 270, a few of them spelt like nothing else. (API tutorial on
/// fulfilment)
const CARRIERS: [(&str, &[&str]); 46] = [
    ("4px", &["4pxworldwideexpress"]),
    ("amazon", &["amazonlogistics", "amazonlogisticsus"]),
    ("an-post", &[]),
    ("aramex", &[]),
    ("asendia-uk", &[]),
    ("asendia-usa", &["asendia"]),
    ("australia-post", &["auspost"]),
    ("austrian-post", &["osterreichischepost"]),
    ("bpost", &["belgiumpost", "belgianpost"]),
    ("brazil-correios", &["correios"]),
    ("canada-post", &["postescanada"]),
    ("ceska-posta", &["českápošta"]),
    ("china-ems", &[]),
    ("china-post", &[]),
    ("chitchats", &[]),
    ("chronopost-france", &["chronopost"]),
    ("colissimo", &[]),
    ("danmark-post", &["postnord"]),
    ("deutsch-post", &["deutschepost"]),
    ("dhl", &["dhlexpress"]),
    ("dhl-germany", &["dhlpaket"]),
    ("dpd", &[]),
    ("dpd-de", &["dpdgermany"]),
    ("dpd-uk", &[]),
    ("fedex", &["federalexpress"]),
    ("gls", &[]),
    ("hermes", &["evri", "hermesuk"]),
    ("hermes-de", &["hermesgermany"]),
    ("india-post", &[]),
    ("israel-post", &[]),
    ("japan-post", &[]),
    ("la-poste-colissimo", &["laposte"]),
    ("mondialrelay", &[]),
    ("new-zealand-post", &["nzpost"]),
    ("parcel-force", &["parcelforceworldwide"]),
    ("poczta-polska", &[]),
    ("portugal-ctt", &["ctt"]),
    ("poste-italiane", &[]),
    ("postnl", &[]),
    ("purolator", &[]),
    ("royal-mail", &[]),
    ("spain-correos-es", &["correos"]),
    ("swiss-post", &["dieschweizerischepost"]),
    ("ups", &["unitedparcelservice"]),
    (
        "usps",
        &["unitedstatespostalservice", "uspostalservice", "uspostal"],
    ),
    ("yodel", &[]),
];

/// Etsy's word for a carrier, and whether it had to be [`OTHER`]. A text in the form of Etsy's words
/// goes as it is: there are hundreds, and Etsy says which it does not know.
#[must_use]
pub fn carrier(text: &str) -> (String, bool) {
    let text = text.trim();
    let name = letters(text);
    let known = CARRIERS
        .iter()
        .find(|(word, names)| letters(word) == name || names.contains(&name.as_str()));
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

/// A name without what people write differently in it.
fn letters(text: &str) -> String {
    let letters = text.chars().filter(|character| character.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
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
            ("Colissimo", "colissimo"),
            ("La Poste", "la-poste-colissimo"),
            ("Deutsche Post", "deutsch-post"),
            ("dhl-poland", "dhl-poland"),
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
        let words = CARRIERS.iter().map(|(word, _)| letters(word));
        let names = CARRIERS.iter().flat_map(|(_, names)| *names);
        let mut all: Vec<String> = words.chain(names.map(|name| letters(name))).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(
            CARRIERS
                .iter()
                .flat_map(|(_, names)| *names)
                .all(|name| letters(name) == *name)
        );
    }
}

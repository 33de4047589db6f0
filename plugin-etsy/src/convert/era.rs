//! `when_made`: which of Etsy's eras a year is in. Some of their names slide every January, so they
//! are made from the date; a name that was right last year is read by what it meant.

use crate::limits::VINTAGE_YEARS;

/// The era names in the given year, newest first. Those before the 2000s never change.
#[must_use]
pub fn eras(year: i64) -> Vec<String> {
    let vintage = first_recent(year);
    let mut eras = vec!["made_to_order".to_owned()];
    let mut decade = year - year.rem_euclid(10);
    let mut last = year;
    // The decades of what is not yet vintage; the oldest of them begins where vintage ends.
    while last >= vintage {
        eras.push(format!("{}_{last}", decade.max(vintage)));
        last = decade - 1;
        decade -= 10;
    }
    eras.push(format!("before_{vintage}"));
    // From there back to 2000 by decades, of which the first may be cut short.
    let mut last = vintage - 1;
    while last >= 2000 {
        let first = last - last.rem_euclid(10);
        eras.push(format!("{first}_{last}"));
        last = first - 1;
    }
    eras.extend((190..=199).rev().map(|decade| format!("{decade}0s")));
    eras.extend(["1800s", "1700s", "before_1700"].map(str::to_owned));
    eras
}

/// The era of goods made just now, for stock that is there.
#[must_use]
pub fn recent(year: i64) -> String {
    format!("{}_{year}", year - year.rem_euclid(10))
}

/// Whether goods of this era may be sold by somebody who did not make them.
#[must_use]
pub fn is_vintage(era: &str, year: i64) -> bool {
    match era {
        "made_to_order" => false,
        "before_1700" => true,
        other => match last_year(other) {
            Some(last) => last < first_recent(year),
            None => false,
        },
    }
}

/// The era that a text means in the given year: one of [`eras`], a year (`1974`), or a name that
/// was right in an earlier year.
#[must_use]
pub fn era(text: &str, year: i64) -> Option<String> {
    let text = text.trim();
    let known = eras(year);
    if known.iter().any(|era| era == text) {
        return Some(text.to_owned());
    }
    let vintage = first_recent(year);
    if let Some(before) = text.strip_prefix("before_") {
        let before = year_in(before)?;
        // Etsy's name for "vintage, no closer": it names another year each January.
        let slid = (2000..=vintage).contains(&before) || before == vintage + 1;
        return slid.then(|| format!("before_{vintage}"));
    }
    let known_year = match text.split_once('_') {
        Some((first, last)) => {
            let (first, last) = (year_in(first)?, year_in(last)?);
            // Of a decade that is cut in two the name's first year tells which part was meant.
            if first > last || first < 2000 {
                return None;
            } else {
                first
            }
        }
        None => year_in(text)?,
    };
    era_of(known_year, year)
}

fn era_of(made: i64, year: i64) -> Option<String> {
    match made {
        made if made > year => None,
        2000.. => eras(year).into_iter().find(|era| {
            let range = era
                .split_once('_')
                .and_then(|(first, last)| Some((year_in(first)?, year_in(last)?)));
            range.is_some_and(|(first, last)| (first..=last).contains(&made))
        }),
        1900..=1999 => Some(format!("{}0s", made / 10)),
        1800..=1899 => Some("1800s".to_owned()),
        1700..=1799 => Some("1700s".to_owned()),
        0..=1699 => Some("before_1700".to_owned()),
        _ => None,
    }
}

/// A year of four digits at most: what is no year is not calculated with.
fn year_in(text: &str) -> Option<i64> {
    let year = text.parse().ok()?;
    (0..=9_999).contains(&year).then_some(year)
}

fn first_recent(year: i64) -> i64 {
    year - VINTAGE_YEARS + 1
}

/// The last year that an era's name covers.
fn last_year(era: &str) -> Option<i64> {
    if let Some(before) = era.strip_prefix("before_") {
        return year_in(before).map(|year| year - 1);
    }
    if let Some((_, last)) = era.split_once('_') {
        return year_in(last);
    }
    let first = year_in(era.strip_suffix('s')?)?;
    Some(if first % 100 == 0 && first < 1900 {
        first + 99
    } else {
        first + 9
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eras_of_2026_are_those_of_the_document() {
        let document = [
            "made_to_order",
            "2020_2026",
            "2010_2019",
            "2007_2009",
            "before_2007",
            "2000_2006",
            "1990s",
            "1980s",
            "1970s",
            "1960s",
            "1950s",
            "1940s",
            "1930s",
            "1920s",
            "1910s",
            "1900s",
            "1800s",
            "1700s",
            "before_1700",
        ];
        assert_eq!(eras(2026), document);
    }

    #[test]
    fn names_slide_in_january() {
        assert_eq!(
            eras(2025).get(1..6).unwrap(),
            [
                "2020_2025",
                "2010_2019",
                "2006_2009",
                "before_2006",
                "2000_2005"
            ]
        );
        assert_eq!(
            eras(2027).get(1..6).unwrap(),
            [
                "2020_2027",
                "2010_2019",
                "2008_2009",
                "before_2008",
                "2000_2007"
            ]
        );
        assert_eq!(
            eras(2029).get(1..5).unwrap(),
            ["2020_2029", "2010_2019", "before_2010", "2000_2009"]
        );
        assert_eq!(recent(2026), "2020_2026");
    }

    #[test]
    fn last_years_name_is_read_by_what_it_meant() {
        assert_eq!(era("2020_2025", 2026).as_deref(), Some("2020_2026"));
        assert_eq!(era("2006_2009", 2026).as_deref(), Some("2000_2006"));
        assert_eq!(era("2007_2009", 2026).as_deref(), Some("2007_2009"));
        assert_eq!(era("before_2006", 2026).as_deref(), Some("before_2007"));
        assert_eq!(era("2000_2005", 2026).as_deref(), Some("2000_2006"));
        for nonsense in [
            "",
            "recently",
            "2030",
            "before_1850",
            "2009_2000",
            "_",
            "1850_1860",
            "9223372036854775807",
            "before_-9223372036854775808",
        ] {
            assert_eq!(era(nonsense, 2026), None, "{nonsense}");
        }
    }

    #[test]
    fn a_year_has_an_era() {
        let pairs = [
            ("1974", "1970s"),
            ("2008", "2007_2009"),
            ("2026", "2020_2026"),
            ("1855", "1800s"),
            ("1612", "before_1700"),
        ];
        for (year, expected) in pairs {
            assert_eq!(era(year, 2026).as_deref(), Some(expected));
        }
    }

    #[test]
    fn vintage_is_twenty_years() {
        for vintage in ["2000_2006", "before_2007", "1970s", "1800s", "before_1700"] {
            assert!(is_vintage(vintage, 2026), "{vintage}");
        }
        // What is no year is not calculated with: a sum of it would overflow.
        let no_era = "9223372036854775807s";
        for recent in ["made_to_order", "2020_2026", "2007_2009", no_era] {
            assert!(!is_vintage(recent, 2026), "{recent}");
        }
    }
}

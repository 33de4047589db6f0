//! `when_made`: the eras whose names slide each January.
//!
//! Etsy's document has the names of the year that it was written in. The newest era ends with this
//! year, and what is twenty years old is vintage: where that line falls into a decade, the decade is
//! cut in two. A client that has the names by heart is refused on the first of January, as at Etsy.

/// After so many years something is vintage.
const VINTAGE_YEARS: i64 = 20;
/// The first year that has names which slide; older eras never change.
const FIRST_YEAR: i64 = 2000;

/// The names of a year that other years may not have, the newest era first.
pub(crate) fn sliding(year: i64) -> Vec<String> {
    let vintage = year - VINTAGE_YEARS + 1;
    let mut names = vec![format!("before_{vintage}")];
    let mut last = year;
    while last >= FIRST_YEAR {
        let decade = last - last.rem_euclid(10);
        // The decade of the line has two names: down to the line, and from there on.
        let first = if last >= vintage {
            decade.max(vintage)
        } else {
            decade
        };
        names.push(format!("{first}_{last}"));
        last = first - 1;
    }
    names
}

/// Whether a name slides with the years.
pub(crate) fn slides(name: &str) -> bool {
    name.starts_with("before_2") || last_year(name).is_some()
}

/// Whether some year from 2020 on has this name.
pub(crate) fn is_sliding(name: &str) -> bool {
    (2020..2100).any(|year| sliding(year).iter().any(|known| known == name))
}

/// What a name of an earlier year is called in another: the era that its last year is in.
pub(crate) fn slid(name: &str, year: i64) -> String {
    let names = sliding(year);
    let found = match last_year(name) {
        Some(last) => names.iter().find(|known| covers(known, last)),
        None if name.starts_with("before_2") => names.first(),
        None => None,
    };
    found.cloned().unwrap_or_else(|| name.to_owned())
}

fn covers(name: &str, year: i64) -> bool {
    let first = name
        .split_once('_')
        .and_then(|(first, _)| first.parse::<i64>().ok());
    first
        .zip(last_year(name))
        .is_some_and(|(first, last)| (first..=last).contains(&year))
}

/// The last year of a name such as `2010_2019`.
fn last_year(name: &str) -> Option<i64> {
    let (first, last) = name.split_once('_')?;
    first.parse::<i64>().ok()?;
    last.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_the_documents_in_its_year_and_slide_in_january() {
        let names = |year| sliding(year).join(" ");
        assert_eq!(
            names(2026),
            "before_2007 2020_2026 2010_2019 2007_2009 2000_2006"
        );
        assert_eq!(
            names(2025),
            "before_2006 2020_2025 2010_2019 2006_2009 2000_2005"
        );
        assert_eq!(
            names(2027),
            "before_2008 2020_2027 2010_2019 2008_2009 2000_2007"
        );
        assert_eq!(names(2029), "before_2010 2020_2029 2010_2019 2000_2009");
        assert_eq!(
            names(2031),
            "before_2012 2030_2031 2020_2029 2012_2019 2010_2011 2000_2009"
        );
    }

    #[test]
    fn a_name_is_read_by_what_it_meant() {
        for (before, after) in [
            ("2020_2026", "2020_2027"),
            ("2007_2009", "2008_2009"),
            ("2000_2006", "2000_2007"),
            ("before_2007", "before_2008"),
            ("2010_2019", "2010_2019"),
            ("1990s", "1990s"),
            ("before_1700", "before_1700"),
            ("made_to_order", "made_to_order"),
        ] {
            assert_eq!(slid(before, 2027), after);
        }
        assert!(slides("2020_2026") && slides("before_2007"));
        assert!(!slides("1990s") && !slides("before_1700") && !slides("made_to_order"));
        assert!(is_sliding("2020_2027") && !is_sliding("2021_2027"));
    }
}

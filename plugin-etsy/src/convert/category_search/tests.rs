use super::*;

const TREE: &str = r#"{"results":[
    {"id":1,"name":"Home & Living","children":[
        {"id":2,"name":"Kitchen & Dining","children":[
            {"id":3,"name":"Drink & Barware","children":[
                {"id":4,"name":"Drinkware","children":[{"id":5,"name":"Mugs","children":[]},{"id":6,"name":"Cups & Saucers","children":[]}]}]},
            {"id":7,"name":"Dinnerware","children":[{"id":8,"name":"Plates","children":[]}]}]},
        {"id":9,"name":"Home Décor","children":[{"id":10,"name":"Vases","children":[]}]}]},
    {"id":20,"name":"Craft Supplies","children":[
        {"id":21,"name":"Blanks","children":[{"id":22,"name":"Mug Blanks","children":[]}]},
        {"id":23,"name":"Beads","children":[{"id":24,"name":"Glass Beads","children":[]}]}]},
    {"id":30,"name":"Jewelry","children":[
        {"id":31,"name":"Necklaces","children":[{"id":32,"name":"Bib Necklaces","children":[]}]},
        {"id":33,"name":"Rings","children":[]}]},
    {"id":40,"name":"Clothing","children":[{"id":41,"name":"Women's Clothing","children":[
        {"id":42,"name":"Dresses","children":[]},{"id":43,"name":"Jackets & Coats","children":[]}]},
        {"id":44,"name":"Men's Clothing","children":[{"id":45,"name":"Jackets & Coats","children":[]}]}]}]}"#;

fn found(query: &str) -> Vec<String> {
    let categories = Categories::read(TREE.as_bytes()).unwrap();
    let nodes = search(&categories, query, 100);
    nodes.into_iter().map(|node| node.id).collect()
}

fn first(query: &str) -> String {
    found(query).first().cloned().unwrap_or_default()
}

#[test]
fn the_category_of_that_name_is_first() {
    assert_eq!(found("mug"), ["5", "22"]);
    assert_eq!(found("Mugs")[..2], found("mug")[..2]);
    assert_eq!(first("dress"), "42");
    assert_eq!(first("glass bead"), "24");
    assert_eq!(first("cup and saucer"), "6");
    assert_eq!(first("neck lace"), "31");
}

#[test]
fn a_slip_of_the_finger_is_forgiven() {
    for (query, id) in [
        ("mgu", "5"),
        ("mgus", "5"),
        ("mugg", "5"),
        ("necklase", "31"),
        ("neklaces", "31"),
        ("palte", "8"),
        ("drinkwear", "4"),
        ("jewlery", "30"),
        ("deocr", "9"),
    ] {
        assert_eq!(first(query), id, "{query}: {:?}", found(query));
    }
    // A slip in every word of three letters would find anything.
    assert_eq!(found("rug"), Vec::<String>::new());
    assert_eq!(found("xyzzy"), Vec::<String>::new());
}

#[test]
fn case_and_accents_do_not_count() {
    for query in ["decor", "DÉCOR", "dé\u{301}cor", "Home-Decor"] {
        assert_eq!(first(query), "9", "{query}");
    }
    assert_eq!(first("WOMENS clothing"), "41");
}

#[test]
fn the_path_counts_less_than_the_name() {
    let drinkware = found("drinkware");
    assert_eq!(drinkware, ["4", "5", "6"]);
    // Of two of one name, the one below what was asked for.
    assert_eq!(found("men's coats")[0], "45");
    assert_eq!(found("women's coats")[0], "43");
    assert_eq!(first("kitchen mugs"), "5");
}

#[test]
fn a_word_that_nothing_has_does_not_hide_the_rest() {
    assert_eq!(first("handmade purple mug"), "5");
}

#[test]
fn a_beginning_is_found() {
    assert_eq!(first("neck"), "31");
    assert_eq!(first("dinner"), "7");
}

#[test]
fn the_answer_is_as_long_as_asked_for_and_always_the_same() {
    let categories = Categories::read(TREE.as_bytes()).unwrap();
    let of = |limit| {
        let nodes = search(&categories, "home", limit);
        nodes.into_iter().map(|node| node.id).collect::<Vec<_>>()
    };
    // Of two that are worth the same, the one nearer to the root.
    assert_eq!(of(0), ["1"]);
    assert_eq!(of(2), ["1", "9"]);
    assert_eq!(of(u32::MAX), of(u32::MAX));
    assert!(of(u32::MAX).len() > 5);
}

#[test]
fn a_query_without_words_is_told_from_one_that_finds_nothing() {
    assert!(!has_words("") && !has_words(" -&- "));
    assert!(has_words("the") && has_words("杯"));
    assert_eq!(found("the"), Vec::<String>::new());
}

#[test]
fn no_more_than_eight_words_are_looked_at() {
    let short = "mug cup plate vase bead ring necklace dress";
    let long = format!("{short} {}", "jacket ".repeat(100_000));
    assert_eq!(found(&long), found(short));
    assert!(!found(short).contains(&"43".to_owned()));
}

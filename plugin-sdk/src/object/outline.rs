//! The outline of an object: its members, each gone over once and not taken apart.

use super::Object;
use super::member::Member;
use super::scan::Scan;
use std::borrow::Cow;
use std::mem;

/// The members of the object that begins here, put into `members`, which is empty.
pub(super) fn members<'a>(
    scan: &mut Scan<'a>,
    mut members: Vec<Member<'a>>,
) -> Option<Vec<Member<'a>>> {
    each_member(scan, |name, scan| {
        members.push(Member::new(name, scan.value()?));
        Some(())
    })?;
    Some(members)
}

/// Those of a page, whose list goes to `each`, element by element.
pub(super) fn page<'a>(
    scan: &mut Scan<'a>,
    list: &str,
    each: &mut impl FnMut(&Object<'a>),
) -> Option<Vec<Member<'a>>> {
    let mut outline: Vec<Member<'a>> = Vec::new();
    each_member(scan, |name, scan| {
        // Of two of a name the first counts, here as everywhere.
        let is_list = name == list && !outline.iter().any(|member| member.name == list);
        let is_list = is_list && scan.peek() == Some(b'[');
        let value = if is_list {
            scan.span(|scan| each_object(scan, each))?
        } else {
            scan.value()?
        };
        outline.push(Member::new(name, value));
        Some(())
    })?;
    Some(outline)
}

/// Hands over the objects of the list that begins here, one in memory at a time.
fn each_object<'a>(scan: &mut Scan<'a>, each: &mut impl FnMut(&Object<'a>)) -> Option<()> {
    let mut room = Vec::new();
    elements(scan, |scan| {
        let read = scan.attempt(|scan| members(scan, mem::take(&mut room)));
        let Some(members) = read else {
            return scan.value().map(drop);
        };
        let object = Object::of(members);
        each(&object);
        room = object.members;
        room.clear();
        Some(())
    })
}

/// Reads the object that begins here; `read` takes each member's value.
fn each_member<'a>(
    scan: &mut Scan<'a>,
    mut read: impl FnMut(Cow<'a, str>, &mut Scan<'a>) -> Option<()>,
) -> Option<()> {
    scan.take(b'{')?;
    if scan.take(b'}').is_some() {
        return Some(());
    }
    loop {
        let name = scan.name()?;
        let name = if name.is_escaped {
            let json = format!("\"{}\"", name.text);
            Cow::Owned(serde_json::from_str(&json).ok()?)
        } else {
            Cow::Borrowed(name.text)
        };
        read(name, scan)?;
        if !scan.goes_on(b'}')? {
            return Some(());
        }
    }
}

/// Reads the list that begins here; `read` takes each element.
pub(super) fn elements<'a>(
    scan: &mut Scan<'a>,
    mut read: impl FnMut(&mut Scan<'a>) -> Option<()>,
) -> Option<()> {
    scan.take(b'[')?;
    if scan.take(b']').is_some() {
        return Some(());
    }
    loop {
        read(scan)?;
        if !scan.goes_on(b']')? {
            return Some(());
        }
    }
}

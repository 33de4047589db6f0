//! What has parts: records, lists, tuples, flags, variants, results.

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess};
use serde_json::value::RawValue;
use wasmtime::component::Val;

use super::super::plan::{Case, Name, Plan, Record};
use super::read::{Key, Payload, Value};
use super::{ArgumentCode, State, Step};

pub(super) fn read_fields<'de, 'p, A: MapAccess<'de>>(
    record: &'p Record,
    state: &mut State<'p>,
    mut members: A,
) -> Result<Vec<(String, Val)>, A::Error> {
    let mut slots: Vec<Option<Val>> = Vec::new();
    slots.resize_with(record.fields.len(), || None);
    let mut likely = 0;
    loop {
        let find = |name: &str| position(record, likely, name).ok_or_else(|| name.to_owned());
        let index = match members.next_key_seed(Key(find))? {
            None => break,
            Some(Ok(index)) => index,
            Some(Err(name)) => return Err(state.unknown_field(record, &name)),
        };
        let (Some(field), Some(slot)) = (record.fields.get(index), slots.get_mut(index)) else {
            continue; // `position` gave it
        };
        state.path.push(Step::Member(&field.name.json));
        if slot.is_some() {
            return Err(state.stop(ArgumentCode::Duplicate, "given twice"));
        }
        let plan = &*field.plan;
        *slot = Some(members.next_value_seed(Value { plan, state })?);
        state.path.pop();
        likely = index + 1;
    }
    let fields = record.fields.iter().zip(slots);
    fields
        .map(|(field, slot)| match slot.or_else(|| field.plan.absent()) {
            Some(value) => Ok((field.name.wit.clone(), value)),
            None => {
                let message = format!("missing; {} expected", field.plan.expected());
                Err(state.stop_at(&field.name.json, ArgumentCode::MissingField, message))
            }
        })
        .collect()
}

/// The field of that name. Members mostly come in the order of the record, so the search begins
/// behind the last one.
fn position(record: &Record, likely: usize, name: &str) -> Option<usize> {
    let fields = || record.fields.iter().enumerate();
    fields()
        .skip(likely)
        .chain(fields().take(likely))
        .find(|(_, field)| field.name.json == name)
        .map(|(index, _)| index)
}

pub(super) fn read_list<'de, 'p, A: SeqAccess<'de>>(
    plan: &'p Plan,
    state: &mut State<'p>,
    mut items: A,
) -> Result<Val, A::Error> {
    let mut values = Vec::new();
    loop {
        state.path.push(Step::Item(values.len()));
        match items.next_element_seed(Value { plan, state })? {
            Some(value) => values.push(value),
            None => break,
        }
        state.path.pop();
    }
    state.path.pop();
    Ok(Val::List(values))
}

pub(super) fn read_tuple<'de, 'p, A: SeqAccess<'de>>(
    whole: &Plan,
    plans: &'p [std::sync::Arc<Plan>],
    state: &mut State<'p>,
    mut items: A,
) -> Result<Val, A::Error> {
    let mut values = Vec::with_capacity(plans.len());
    for (index, plan) in plans.iter().enumerate() {
        state.path.push(Step::Item(index));
        let value = items.next_element_seed(Value { plan, state })?;
        state.path.pop();
        match value {
            Some(value) => values.push(value),
            None => return Err(state.wrong(whole, format_args!("one of {index}"))),
        }
    }
    if items.next_element::<serde::de::IgnoredAny>()?.is_some() {
        return Err(state.wrong(whole, "a longer one"));
    }
    Ok(Val::Tuple(values))
}

pub(super) fn read_flags<'de, A: SeqAccess<'de>>(
    whole: &Plan,
    names: &[Name],
    state: &mut State<'_>,
    mut items: A,
) -> Result<Val, A::Error> {
    let mut set = Vec::new();
    while let Some(given) = items.next_element_seed(Text)? {
        state.path.push(Step::Item(set.len()));
        match given {
            None => return Err(state.wrong(whole, "something other than a name")),
            Some(given) => match find(names, &given) {
                None => return Err(state.unknown_name(whole, &given)),
                Some(name) if set.contains(&name.wit) => {
                    return Err(state.stop(ArgumentCode::Duplicate, "given twice"));
                }
                Some(name) => set.push(name.wit.clone()),
            },
        }
        state.path.pop();
    }
    Ok(Val::Flags(set))
}

pub(super) fn read_variant<'de, 'p, A: MapAccess<'de>>(
    whole: &Plan,
    cases: &'p [Case],
    state: &mut State<'p>,
    mut members: A,
) -> Result<Val, A::Error> {
    let find = |name: &str| {
        let case = cases.iter().find(|case| case.name.json == name);
        case.ok_or_else(|| name.to_owned())
    };
    let case = match members.next_key_seed(Key(find))? {
        None => return Err(state.wrong(whole, "an empty object")),
        Some(Err(name)) => return Err(state.unknown_name(whole, &name)),
        Some(Ok(case)) => case,
    };
    state.path.push(Step::Member(&case.name.json));
    let plan = case.plan.as_deref();
    let payload = members.next_value_seed(Payload { plan, state })?;
    state.path.pop();
    only_member(whole, state, members)?;
    Ok(Val::Variant(case.name.wit.clone(), payload))
}

pub(super) fn read_result<'de, 'p, A: MapAccess<'de>>(
    whole: &Plan,
    (ok, error): (Option<&'p Plan>, Option<&'p Plan>),
    state: &mut State<'p>,
    mut members: A,
) -> Result<Val, A::Error> {
    let side = members.next_key_seed(Key(|name: &str| match name {
        "ok" => Some(true),
        "error" => Some(false),
        _ => None,
    }))?;
    let Some(Some(is_ok)) = side else {
        return Err(state.wrong(whole, "another object"));
    };
    let (name, plan) = if is_ok { ("ok", ok) } else { ("error", error) };
    state.path.push(Step::Member(name));
    let payload = members.next_value_seed(Payload { plan, state })?;
    state.path.pop();
    only_member(whole, state, members)?;
    Ok(Val::Result(if is_ok { Ok(payload) } else { Err(payload) }))
}

/// A variant and a result are objects of one member.
fn only_member<'de, A: MapAccess<'de>>(
    whole: &Plan,
    state: &mut State<'_>,
    mut members: A,
) -> Result<(), A::Error> {
    match members.next_key::<serde::de::IgnoredAny>()? {
        None => Ok(()),
        Some(_) => Err(state.wrong(whole, "an object of several members")),
    }
}

/// A text, or `None` for anything else.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(serde_json::from_str(raw.get()).ok())
    }
}

pub(super) fn find<'n>(names: &'n [Name], given: &str) -> Option<&'n Name> {
    names.iter().find(|name| name.json == given)
}

//! ClickHouse's types by the names that the server gives them, and what each becomes for Grafana.
//! Promises a kind for every name; how its values come is left to `arrow` and `json`.

use arrow_schema::{DataType, Field};
use std::collections::BTreeMap;
use wellhead_sdk::frame::FieldType;

/// Types may hold types. Deeper ones than anybody writes are text.
const MAX_DEPTH: usize = 32;
/// Names too, which take many times as much memory once they are read: an enum of all numbers is shorter.
const MAX_NAME: usize = 1 << 20;

/// A type of ClickHouse, as far as it decides how values are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Integers of up to 64 bits, floats, booleans: Grafana has the same.
    Plain(FieldType),
    /// A float of 16 bits.
    BFloat16,
    /// Integers of 128 and 256 bits.
    Wide {
        /// Two's complement.
        signed: bool,
    },
    /// `Decimal` of any width.
    Decimal,
    /// Strings, and all that is shown as the server writes it.
    Text,
    /// `Enum8` and `Enum16`: names by number.
    Enum(BTreeMap<i16, String>),
    /// `Date` and `Date32`: midnight, UTC.
    Date,
    /// `DateTime` and `DateTime64`; the time zone that the server writes them in, where the type names one.
    DateTime(Option<String>),
    /// `UUID`.
    Uuid,
    /// `IPv4`.
    Ipv4,
    /// `IPv6`.
    Ipv6,
    /// `Array`, and `Nested`, which is an array of tuples.
    Array(Box<Kind>),
    /// `Map`.
    Map(Box<Kind>, Box<Kind>),
    /// `Tuple`; the names are empty where it has none.
    Tuple(Vec<(String, Kind)>),
    /// `JSON`, `Dynamic` and `Variant`: a document that says itself what is in it.
    Json,
}

impl Kind {
    /// The kind of a type's name, such as `LowCardinality(Nullable(String))`, and whether it is nullable.
    ///
    /// ```
    /// use clickhouse::kind::Kind;
    /// assert_eq!(Kind::parse("Nullable(UUID)"), (Kind::Uuid, true));
    /// ```
    pub fn parse(name: &str) -> (Self, bool) {
        if name.len() > MAX_NAME { (Self::Text, true) } else { parse(name, MAX_DEPTH) }
    }

    /// What Arrow's type alone tells, where the server does not say more.
    pub fn of_arrow(field: &Field) -> Self {
        of_arrow(field, MAX_DEPTH)
    }

    /// Grafana's type.
    pub fn field_type(&self) -> FieldType {
        match self {
            Self::Plain(field_type) => *field_type,
            Self::BFloat16 | Self::Wide { .. } | Self::Decimal => FieldType::Float64,
            Self::Text | Self::Enum(_) | Self::Uuid | Self::Ipv4 | Self::Ipv6 => FieldType::String,
            Self::Date | Self::DateTime(_) => FieldType::Time,
            Self::Array(_) | Self::Map(..) | Self::Tuple(_) | Self::Json => FieldType::Json,
        }
    }
}

fn parse(name: &str, depth: usize) -> (Kind, bool) {
    let Some(depth) = depth.checked_sub(1) else { return (Kind::Text, true) };
    let (name, arguments) = split(name.trim());
    let inner = |at: usize| arguments.get(at).map_or((Kind::Text, true), |name| parse(name, depth));
    let kind = match name {
        "Nullable" => return (inner(0).0, true),
        "LowCardinality" => return inner(0),
        "SimpleAggregateFunction" => return inner(1),
        "Bool" => Kind::Plain(FieldType::Bool),
        "Int8" => Kind::Plain(FieldType::Int8),
        "Int16" => Kind::Plain(FieldType::Int16),
        "Int32" => Kind::Plain(FieldType::Int32),
        "Int64" => Kind::Plain(FieldType::Int64),
        "UInt8" => Kind::Plain(FieldType::Uint8),
        "UInt16" => Kind::Plain(FieldType::Uint16),
        "UInt32" => Kind::Plain(FieldType::Uint32),
        "UInt64" => Kind::Plain(FieldType::Uint64),
        "Float32" => Kind::Plain(FieldType::Float32),
        "Float64" => Kind::Plain(FieldType::Float64),
        "BFloat16" => Kind::BFloat16,
        "Int128" | "Int256" => Kind::Wide { signed: true },
        "UInt128" | "UInt256" => Kind::Wide { signed: false },
        "Date" | "Date32" => Kind::Date,
        "DateTime" => Kind::DateTime(arguments.first().and_then(|zone| unquoted(zone))),
        "DateTime64" => Kind::DateTime(arguments.get(1).and_then(|zone| unquoted(zone))),
        "Enum8" | "Enum16" => Kind::Enum(arguments.iter().filter_map(|value| enum_value(value)).collect()),
        "UUID" => Kind::Uuid,
        "IPv4" => Kind::Ipv4,
        "IPv6" => Kind::Ipv6,
        "Array" | "QBit" => Kind::Array(Box::new(inner(0).0)),
        "Map" => Kind::Map(Box::new(inner(0).0), Box::new(inner(1).0)),
        "Tuple" => tuple(&arguments, depth),
        "Nested" => Kind::Array(Box::new(tuple(&arguments, depth))),
        "Point" => Kind::Tuple(vec![(String::new(), Kind::Plain(FieldType::Float64)); 2]),
        "Ring" | "LineString" => Kind::Array(Box::new(parse("Point", depth).0)),
        "Polygon" | "MultiLineString" => Kind::Array(Box::new(parse("Ring", depth).0)),
        "MultiPolygon" => Kind::Array(Box::new(parse("Polygon", depth).0)),
        // Variants are nullable without saying so.
        "JSON" | "Object" => Kind::Json,
        "Dynamic" | "Variant" | "Geometry" => return (Kind::Json, true),
        "Nothing" => return (Kind::Text, true),
        _ if name.starts_with("Decimal") => Kind::Decimal,
        _ if name.starts_with("Interval") => Kind::Plain(FieldType::Int64),
        _ => Kind::Text,
    };
    (kind, false)
}

/// `a UInt8, b String` or `UInt8, String`.
fn tuple(arguments: &[&str], depth: usize) -> Kind {
    Kind::Tuple(arguments.iter().map(|argument| element(argument.trim(), depth)).collect())
}

fn element(argument: &str, depth: usize) -> (String, Kind) {
    if let Some(rest) = argument.strip_prefix('`') {
        let mut escaped = false;
        let end = rest.find(|c: char| {
            let ends = c == '`' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let (name, kind) = end.and_then(|end| rest.split_at_checked(end)).unwrap_or((rest, ""));
        return (unescaped(name), parse(kind.trim_start_matches('`'), depth).0);
    }
    // A type's own brackets may hold spaces; a name holds none, and stands before any bracket.
    match argument.split_once(' ') {
        Some((name, kind)) if !name.contains(['(', '\'']) => (name.to_owned(), parse(kind, depth).0),
        _ => (String::new(), parse(argument, depth).0),
    }
}

/// A name, and the arguments in the brackets behind it.
fn split(name: &str) -> (&str, Vec<&str>) {
    let Some((name, arguments)) = name.split_once('(') else { return (name, Vec::new()) };
    let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
    (name.trim_end(), at_commas(arguments))
}

/// Parts between commas that are in no brackets and no quotes.
fn at_commas(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (quote, letter) {
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '`' | '"') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = text.get(start..).unwrap_or_default();
    if !last.trim().is_empty() {
        parts.push(last);
    }
    parts
}

/// `'name' = 1`
fn enum_value(value: &str) -> Option<(i16, String)> {
    let (name, number) = value.rsplit_once('=')?;
    Some((number.trim().parse().ok()?, unquoted(name)?))
}

fn unquoted(text: &str) -> Option<String> {
    Some(unescaped(text.trim().strip_prefix('\'')?.strip_suffix('\'')?))
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let letter = if letter == '\\' { letters.next().map(escape) } else { Some(letter) };
        plain.extend(letter);
    }
    plain
}

fn escape(letter: char) -> char {
    match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '0' => '\0',
        other => other,
    }
}

fn of_arrow(field: &Field, depth: usize) -> Kind {
    let Some(depth) = depth.checked_sub(1) else { return Kind::Text };
    let extension = field.metadata().get("ARROW:extension:name").map(String::as_str);
    match (field.data_type(), extension) {
        (_, Some("arrow.json")) => Kind::Json,
        (_, Some("arrow.uuid")) => Kind::Uuid,
        (DataType::Binary, _) => Kind::Text,
        (DataType::Timestamp(..), _) => Kind::DateTime(None),
        (DataType::Date32 | DataType::Date64, _) => Kind::Date,
        (
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..),
            _,
        ) => Kind::Decimal,
        (DataType::List(item), _) => Kind::Array(Box::new(of_arrow(item, depth))),
        (DataType::Map(entries, _), _) => match entries.data_type() {
            DataType::Struct(fields) => {
                let inner = |at: usize| fields.get(at).map_or(Kind::Text, |field| of_arrow(field, depth));
                Kind::Map(Box::new(inner(0)), Box::new(inner(1)))
            }
            _ => Kind::Text,
        },
        (DataType::Struct(fields), _) => {
            // A tuple without names comes with its places for names.
            let named = fields.iter().zip(1..).any(|(field, place)| *field.name() != place.to_string());
            let name = |field: &Field| if named { field.name().clone() } else { String::new() };
            Kind::Tuple(fields.iter().map(|field| (name(field), of_arrow(field, depth))).collect())
        }
        (DataType::Union(..), _) => Kind::Json,
        (data_type, _) => FieldType::from_arrow(data_type, None).map_or(Kind::Text, Kind::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> Kind {
        Kind::parse(name).0
    }

    #[test]
    fn wrappers_give_way_to_what_they_hold() {
        assert_eq!(Kind::parse("LowCardinality(Nullable(String))"), (Kind::Text, true));
        assert_eq!(
            Kind::parse("SimpleAggregateFunction(groupArrayArray(3), Array(UInt8))").0.field_type(),
            FieldType::Json
        );
        assert_eq!(Kind::parse("SimpleAggregateFunction(max, DateTime64(3))"), (Kind::DateTime(None), false));
        assert_eq!(Kind::parse("AggregateFunction(sum, UInt64)"), (Kind::Text, false));
    }

    #[test]
    fn arguments_may_hold_brackets_quotes_and_commas() {
        let names = [(-1, "a,b"), (0, "it's = (1)"), (300, "")].map(|(number, name)| (number, name.to_owned()));
        assert_eq!(kind(r"Enum16('a,b' = -1, 'it\'s = (1)' = 0, '' = 300)"), Kind::Enum(BTreeMap::from(names)));
        assert_eq!(kind("DateTime64(3, 'Europe/Berlin')"), Kind::DateTime(Some("Europe/Berlin".to_owned())));
        assert_eq!(kind("DateTime"), Kind::DateTime(None));
        assert_eq!([kind("Decimal(9, 2)"), kind("Decimal64(3)")], [Kind::Decimal, Kind::Decimal]);
    }

    #[test]
    fn tuples_have_names_or_none() {
        let named = |name: &str, kind| (name.to_owned(), kind);
        let number = || Kind::Plain(FieldType::Uint8);
        assert_eq!(kind("Tuple(UInt8, String)"), Kind::Tuple(vec![named("", number()), named("", Kind::Text)]));
        assert_eq!(
            kind(r"Tuple(a UInt8, `b\` c` DateTime('UTC'), d Map(String, UInt8))"),
            Kind::Tuple(vec![
                named("a", number()),
                named("b` c", Kind::DateTime(Some("UTC".to_owned()))),
                named("d", Kind::Map(Box::new(Kind::Text), Box::new(number()))),
            ])
        );
        assert_eq!(kind("Tuple(Enum8('a b' = 1))").field_type(), FieldType::Json);
        assert_eq!(kind("Nested(a UInt8)"), Kind::Array(Box::new(Kind::Tuple(vec![named("a", number())]))));
    }

    #[test]
    fn whatever_a_server_says_is_some_kind() {
        let deep = format!("{}UInt8{}", "Array(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(kind(&deep).field_type(), FieldType::Json);
        for name in ["", "(", ")", "Array", "Map(", "Tuple(`", "Enum8('", "Nullable()", "Sometime(1)"] {
            let _ = kind(name);
        }
        assert_eq!(kind("Sometime(1)"), Kind::Text);
        assert_eq!(kind(&format!("Tuple({})", "a,".repeat(MAX_NAME))), Kind::Text);
    }
}

//! A query's parameters: JSON values for the `?` of a statement, in the protocol's binary form. They are never part of the
//! SQL's text.

use crate::protocol::{Prepared, command, put_text};
use serde_json::Value;

const TINY: u16 = 1;
const DOUBLE: u16 = 5;
const NULL: u16 = 6;
const LONG_LONG: u16 = 8;
const TEXT: u16 = 253;
const UNSIGNED: u16 = 1 << 15;

/// The command that runs a statement with these.
pub(crate) fn execute(prepared: Prepared, parameters: &[Value]) -> Vec<u8> {
    let mut out = vec![command::EXECUTE];
    out.extend_from_slice(&prepared.id.to_le_bytes());
    // No cursor; once.
    out.extend_from_slice(&[0, 1, 0, 0, 0]);
    if parameters.is_empty() {
        return out;
    }
    for eight in parameters.chunks(8) {
        let bits = eight.iter().enumerate().map(|(at, value)| u8::from(value.is_null()) << at);
        out.push(bits.fold(0, |bits, bit| bits | bit));
    }
    // Types follow.
    out.push(1);
    let mut values = Vec::new();
    for parameter in parameters {
        let data_type = put(parameter, &mut values);
        out.extend_from_slice(&data_type.to_le_bytes());
    }
    out.extend_from_slice(&values);
    out
}

/// Appends a value; its type.
fn put(value: &Value, out: &mut Vec<u8>) -> u16 {
    match value {
        Value::Null => NULL,
        Value::Bool(value) => {
            out.push(u8::from(*value));
            TINY
        }
        Value::Number(number) => {
            if let Some(number) = number.as_i64() {
                out.extend_from_slice(&number.to_le_bytes());
                LONG_LONG
            } else if let Some(number) = number.as_u64() {
                out.extend_from_slice(&number.to_le_bytes());
                LONG_LONG | UNSIGNED
            } else {
                out.extend_from_slice(&number.as_f64().unwrap_or(f64::NAN).to_le_bytes());
                DOUBLE
            }
        }
        Value::String(text) => {
            put_text(out, text.as_bytes());
            TEXT
        }
        // Documents for JSON columns.
        document => {
            put_text(out, document.to_string().as_bytes());
            TEXT
        }
    }
}

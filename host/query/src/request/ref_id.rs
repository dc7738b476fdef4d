//! Names for queries whose authors gave them none.

use serde_json::{Map, Value};
use std::collections::HashSet;

/// Gives every query whose `refId` is missing or empty one that no other has: A, B, …, Z, AA, …
///
/// For people's input, before it becomes a [`QueryRequest`](crate::QueryRequest), whose queries have names.
///
/// ```
/// use serde_json::json;
///
/// let mut queries = [json!({"expr": "up"}), json!({"refId": "A"})].map(|query| query.as_object().cloned().unwrap());
/// wellhead_query::name_queries(&mut queries);
/// assert_eq!(queries[0]["refId"], "B");
/// ```
pub fn name_queries(queries: &mut [Map<String, Value>]) {
    let taken: HashSet<String> =
        queries.iter().filter_map(|query| query.get("refId")?.as_str().map(str::to_owned)).collect();
    let mut letters = (0..).map(letters).filter(|letters| !taken.contains(letters));
    for query in queries {
        if matches!(query.get("refId").map(Value::as_str), None | Some(None | Some("")))
            && let Some(letters) = letters.next()
        {
            query.insert("refId".to_owned(), letters.into());
        }
    }
}

fn letters(mut number: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A'.saturating_add(u8::try_from(number % 26).unwrap_or_default())));
        match (number / 26).checked_sub(1) {
            Some(left) => number = left,
            None => return letters.iter().rev().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_as_columns_of_a_sheet_do() {
        assert_eq!([25, 26, 701, 702].map(letters), ["Z", "AA", "ZZ", "AAA"]);
    }
}

//! How metadata's floats look in JSON: whole ones without `.0`, NaN and the infinities as null, as Grafana writes them.

use serde::{Deserialize, Deserializer, Serializer};

/// Above this a float no longer holds every whole number.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// A float that is always there. Null reads as NaN.
pub(crate) mod float {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if !value.is_finite() {
            serializer.serialize_none()
        } else if value.fract() == 0.0 && value.abs() < WHOLE {
            // In range by the check above.
            serializer.serialize_i64(*value as i64)
        } else {
            serializer.serialize_f64(*value)
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

/// A float that may be absent. Null is not absence: it reads as NaN, so that it is written as null again.
pub(crate) mod optional {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => float::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        float::deserialize(deserializer).map(Some)
    }
}

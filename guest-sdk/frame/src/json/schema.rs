//! The `schema` object of the JSON form, both ways.

use serde::{Deserialize, Serialize};

use crate::{FieldConfig, FieldType, FieldView, Frame, FrameMeta, Labels};

/// As it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SchemaOut<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    ref_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<&'a FrameMeta>,
    fields: Vec<FieldOut<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FieldOut<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(rename = "type")]
    type_: &'static str,
    type_info: TypeInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a Labels>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a FieldConfig>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TypeInfo {
    pub(super) frame: FieldType,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) nullable: bool,
}

impl<'a> SchemaOut<'a> {
    pub(super) fn of(frame: &'a Frame) -> Self {
        let field = |field: FieldView<'a>| FieldOut {
            name: field.name(),
            type_: field.field_type().tstype(),
            type_info: TypeInfo { frame: field.field_type(), nullable: field.nullable() },
            labels: field.info.labels.as_ref(),
            config: field.config(),
        };
        Self {
            name: frame.name(),
            ref_id: frame.ref_id(),
            meta: frame.meta(),
            fields: frame.fields().map(field).collect(),
        }
    }
}

/// As it is read. Everything but a field's type may be missing.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SchemaIn {
    pub(super) name: Option<String>,
    pub(super) ref_id: Option<String>,
    pub(super) meta: Option<FrameMeta>,
    pub(super) fields: Option<Vec<FieldIn>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FieldIn {
    #[serde(default)]
    pub(super) name: Option<String>,
    pub(super) type_info: TypeInfo,
    #[serde(default)]
    pub(super) labels: Option<Labels>,
    #[serde(default)]
    pub(super) config: Option<FieldConfig>,
}

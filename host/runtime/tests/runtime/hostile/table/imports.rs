//! The host's own services used beyond every bound: log, metrics, cache.

use crate::hostile::row::{Row, query};

pub(crate) fn rows() -> Vec<Row> {
    let log = "log bytes a second";
    let said = "A 418: said it all";
    vec![
        query("log-flood").expect(log, said),
        query("log-line").expect("8 KiB a line", said),
        query("log-fields").expect("8 KiB a line", said),
        query("log-control").expect("escaped by the log's writer", said),
        query("log-secret").expect("blanked", said),
        query("stdout-flood").expect(log, said),
        query("stderr-flood").expect(log, said),
        query("stdout-line").expect("8 KiB a line", said),
        query("stdout-bytes").expect(log, said),
        query("metric-series").expect("metric series", "A 418: counted"),
        query("metric-names").expect("legal names only", "A 418: counted"),
        query("metric-labels").expect("16 labels", "A 418: counted"),
        query("cache-fill").expect("cache bytes", "A 418: at most 16 of 500 MiB are kept: true"),
        query("cache-entries").expect("cache bytes", "A 418: set"),
        query("cache-large").expect("1 MiB a value", "A 418: kept: false"),
    ]
}

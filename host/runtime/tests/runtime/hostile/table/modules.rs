//! Components made to hurt when they are brought to life: the hostile guest with core modules appended.

use crate::hostile::row::{Row, modules};

pub(crate) fn rows() -> Vec<Row> {
    let start = |body: &str| format!("(module (memory 0) (table 0 funcref) (func $start {body}) (start $start))");
    let failed = "plugin … failed: it did not start for data source …: its instance crashed: …";
    vec![
        modules("many-memories", [("(module (memory 1))".into(), 200)]).expect("instances", failed),
        modules("many-tables", [("(module (table 1 funcref))".into(), 200)]).expect("instances", failed),
        modules("many-instances", [("(module)".into(), 100_000)]).expect(
            "instances of a component",
            "plugin … is unavailable: its .wasm does not compile: …: instances count exceeds limit of 1000 …",
        ),
        modules("large-memory", [("(module (memory 65536))".into(), 1)]).expect("memory", failed),
        modules("memories-together", [("(module (memory 512))".into(), 3)]).expect("memory", failed),
        modules("memory-64", [("(module (memory i64 1 0x1000000000000))".into(), 1)]).expect("memory", "A 200"),
        modules("large-table", [("(module (table 1000000000 funcref))".into(), 1)]).expect("table elements", failed),
        modules("tables-together", [("(module (table 90000 funcref))".into(), 60)]).expect("table elements", failed),
        modules("growing-table", [(start("(loop (drop (table.grow (ref.null func) (i32.const 1000))) (br 0))"), 1)])
            .expect("configure deadline", "plugin … failed: it did not start for data source …: its instance was ended: configure took more than 500ms"),
        modules("spin-at-start", [(start("(loop (br 0))"), 1)])
            .expect("configure deadline", "plugin … failed: it did not start for data source …: its instance was ended: configure took more than 500ms"),
        modules("divide-at-start", [(start("(drop (i32.div_u (i32.const 1) (i32.const 0)))"), 1)]).expect("Store", failed),
        modules("recurse-at-start", [(start("(call $start)"), 1)]).expect("stack", failed),
        modules("filled-at-start", [("(module (memory 1 1) (func $f (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x7fffffff))) (start $f))".into(), 1)]).expect("Store", failed),
    ]
}

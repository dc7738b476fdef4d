//! What `wit-bindgen` makes of the contract. Each optional export is a world of its own, so that a plugin's component
//! exports exactly what `export!` was asked for; the worlds share the types of the first.
#![expect(missing_docs, reason = "generated; the contract documents itself")]

pub mod datasource {
    wit_bindgen::generate!({
        path: "../wit",
        world: "wellhead:plugin/plugin",
        pub_export_macro: true,
        export_macro_name: "export_datasource",
        default_bindings_module: "wellhead_sdk::__private::bindings::datasource",
    });
}

#[cfg(feature = "net")]
pub mod net {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package wellhead:sdk-net;
            world only-net { import wellhead:plugin/net@0.1.0; }
        ",
        world: "wellhead:sdk-net/only-net",
        generate_all,
    });
}

pub mod resources {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package wellhead:sdk;
            world only-resources { export wellhead:plugin/resources@0.1.0; }
        ",
        world: "wellhead:sdk/only-resources",
        with: { "wellhead:plugin/types@0.1.0": crate::glue::bindings::datasource::wellhead::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_resources",
        default_bindings_module: "wellhead_sdk::__private::bindings::resources",
    });
}

pub mod streaming {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package wellhead:sdk-streaming;
            world only-streaming { export wellhead:plugin/streaming@0.1.0; }
        ",
        world: "wellhead:sdk-streaming/only-streaming",
        with: { "wellhead:plugin/types@0.1.0": crate::glue::bindings::datasource::wellhead::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_streaming",
        default_bindings_module: "wellhead_sdk::__private::bindings::streaming",
    });
}

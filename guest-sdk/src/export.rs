//! `export!`: the one line that makes a crate a plugin.

/// Makes a type the plugin of this crate, and embeds its manifest.
///
/// The manifest's path is relative to the crate's `Cargo.toml`; a missing file is a compile error that names it. A type
/// that implements [`Resources`](crate::Resources) exports them too when asked to:
///
/// ```ignore
/// wellhead_sdk::export!(MySource, "plugin.json");
/// wellhead_sdk::export!(MySource, "plugin.json", resources);
/// ```
///
/// The crate is a `cdylib`, built for `wasm32-wasip2`. For every other target the macro only checks the type and the
/// path, so that the crate's tests run natively.
#[macro_export]
macro_rules! export {
    ($source:ty, $manifest:literal $(,)?) => {
        const _: () = {
            $crate::__export_manifest!($manifest);
            $crate::__export_datasource!($source);
        };
    };
    ($source:ty, $manifest:literal, resources $(,)?) => {
        const _: () = {
            $crate::__export_manifest!($manifest);
            $crate::__export_datasource!($source);
            $crate::__export_resources!($source);
        };
    };
}

/// The manifest in the custom section where hosts look for it.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_manifest {
    ($manifest:literal) => {
        const MANIFEST: &[u8] =
            ::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", $manifest));

        #[cfg(target_family = "wasm")]
        #[used]
        #[unsafe(link_section = "wellhead:manifest")]
        static SECTION: [u8; MANIFEST.len()] = {
            let mut bytes = [0; MANIFEST.len()];
            bytes.copy_from_slice(MANIFEST);
            bytes
        };
    };
}

/// The contract's `datasource` interface, and the instance that the calls of every interface share.
#[doc(hidden)]
#[cfg(target_family = "wasm")]
#[macro_export]
macro_rules! __export_datasource {
    ($source:ty) => {
        use $crate::__private::bindings::datasource::exports::wellhead::plugin::datasource as contract;
        use $crate::__private::bindings::datasource::wellhead::plugin::types;
        use $crate::__private::{FutureReader, datasource as glue};

        struct Export;

        ::std::thread_local! {
            static INSTANCE: ::std::cell::OnceCell<::std::rc::Rc<$source>> = const { ::std::cell::OnceCell::new() };
        }

        impl contract::Guest for Export {
            async fn configure(settings: types::InstanceSettings) -> Result<(), types::PluginError> {
                glue::configure::<$source>(&INSTANCE, settings)
            }
            async fn query_data(
                context: types::RequestContext,
                queries: ::std::vec::Vec<types::DataQuery>,
                cancel: FutureReader<types::CancelReason>,
            ) -> Result<contract::QueryReply, types::PluginError> {
                glue::query_data::<$source>(&INSTANCE, context, queries, cancel).await
            }
            async fn check_health(
                context: types::RequestContext,
                cancel: FutureReader<types::CancelReason>,
            ) -> Result<contract::Health, types::PluginError> {
                glue::check_health::<$source>(&INSTANCE, context, cancel).await
            }
            async fn shutdown() {
                glue::shutdown::<$source>(&INSTANCE).await;
            }
        }

        $crate::__private::bindings::datasource::export_datasource!(
            Export with_types_in $crate::__private::bindings::datasource
        );
    };
}

/// The contract's `resources` interface.
#[doc(hidden)]
#[cfg(target_family = "wasm")]
#[macro_export]
macro_rules! __export_resources {
    ($source:ty) => {
        use $crate::__private::bindings::resources::exports::wellhead::plugin::resources as resources_contract;

        impl resources_contract::Guest for Export {
            async fn call_resource(
                context: types::RequestContext,
                request: resources_contract::ResourceRequest,
                cancel: FutureReader<types::CancelReason>,
            ) -> Result<resources_contract::ResourceResponse, types::PluginError> {
                $crate::__private::resources::call_resource::<$source>(&INSTANCE, context, request, cancel).await
            }
        }

        $crate::__private::bindings::resources::export_resources!(
            Export with_types_in $crate::__private::bindings::resources
        );
    };
}

/// Natively a plugin is only checked.
#[doc(hidden)]
#[cfg(not(target_family = "wasm"))]
#[macro_export]
macro_rules! __export_datasource {
    ($source:ty) => {
        const _: fn() = $crate::__private::is_data_source::<$source>;
    };
}

/// Natively a plugin is only checked.
#[doc(hidden)]
#[cfg(not(target_family = "wasm"))]
#[macro_export]
macro_rules! __export_resources {
    ($source:ty) => {
        const _: fn() = $crate::__private::has_resources::<$source>;
    };
}

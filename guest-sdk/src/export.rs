//! `export!`: the one line that makes a crate a plugin.

/// Makes a type the plugin of this crate, and embeds its manifest.
///
/// The manifest's path is relative to the crate's `Cargo.toml`; a missing file is a compile error that names it. A type
/// that implements [`Resources`](crate::Resources) or [`Streaming`](crate::Streaming) exports them too when asked to:
///
/// ```ignore
/// wellhead_sdk::export!(MySource, "plugin.json");
/// wellhead_sdk::export!(MySource, "plugin.json", resources, streaming);
/// ```
///
/// The crate is a `cdylib`, built for `wasm32-wasip2`. For every other target the macro only checks the type and the
/// path, so that the crate's tests run natively.
#[macro_export]
macro_rules! export {
    ($source:ty, $manifest:literal $(, $interface:ident)* $(,)?) => {
        const _: () = {
            $crate::__export_manifest!($manifest);
            $crate::__export_version!();
            $crate::__export_datasource!($source);
            $($crate::__export_interface!($interface, $source);)*
        };
    };
}

/// An optional interface of the contract, by its name.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_interface {
    (resources, $source:ty) => {
        $crate::__export_resources!($source);
    };
    (streaming, $source:ty) => {
        $crate::__export_streaming!($source);
    };
    ($other:ident, $source:ty) => {
        ::core::compile_error!(::core::concat!(
            "`",
            ::core::stringify!($other),
            "` is not an optional interface of the contract: `resources` and `streaming` are"
        ));
    };
}

/// The manifest in the custom section where hosts look for it.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_manifest {
    ($manifest:literal) => {
        const _: &[u8] = {
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

            MANIFEST
        };
    };
}

/// Name and version of this SDK, in the custom section where `wellhead inspect` looks for them.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_version {
    () => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            const VERSION: &[u8] = $crate::__private::VERSION.as_bytes();

            #[used]
            #[unsafe(link_section = "wellhead:sdk")]
            static SECTION: [u8; VERSION.len()] = {
                let mut bytes = [0; VERSION.len()];
                bytes.copy_from_slice(VERSION);
                bytes
            };
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
            Export with_types_in $crate::__private::exports::datasource
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
            Export with_types_in $crate::__private::exports::resources
        );
    };
}

/// The contract's `streaming` interface.
#[doc(hidden)]
#[cfg(target_family = "wasm")]
#[macro_export]
macro_rules! __export_streaming {
    ($source:ty) => {
        use $crate::__private::bindings::streaming::exports::wellhead::plugin::streaming as streaming_contract;

        impl streaming_contract::Guest for Export {
            async fn subscribe_stream(
                context: types::RequestContext,
                path: ::std::string::String,
                data: ::std::string::String,
            ) -> Result<streaming_contract::Subscribed, types::PluginError> {
                $crate::__private::streaming::subscribe_stream::<$source>(&INSTANCE, context, path, data).await
            }
            async fn run_stream(
                context: types::RequestContext,
                path: ::std::string::String,
                data: ::std::string::String,
                cancel: FutureReader<types::CancelReason>,
            ) -> Result<$crate::__private::StreamReader<streaming_contract::Packet>, types::PluginError> {
                $crate::__private::streaming::run_stream::<$source>(&INSTANCE, context, path, data, cancel).await
            }
            async fn publish_stream(
                context: types::RequestContext,
                path: ::std::string::String,
                data: ::std::string::String,
            ) -> Result<streaming_contract::Published, types::PluginError> {
                $crate::__private::streaming::publish_stream::<$source>(&INSTANCE, context, path, data).await
            }
        }

        $crate::__private::bindings::streaming::export_streaming!(
            Export with_types_in $crate::__private::exports::streaming
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

/// Natively a plugin is only checked.
#[doc(hidden)]
#[cfg(not(target_family = "wasm"))]
#[macro_export]
macro_rules! __export_streaming {
    ($source:ty) => {
        const _: fn() = $crate::__private::has_streaming::<$source>;
    };
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    struct All;

    impl DataSource for All {
        type Settings = serde_json::Value;
        type Query = serde_json::Value;

        fn configure(_: InstanceSettings<Self::Settings>) -> Result<Self, Error> {
            Ok(Self)
        }

        async fn query(&self, _: &RequestContext, _: DataQuery<Self::Query>) -> Result<QueryResult, Error> {
            Ok(QueryResult::empty())
        }
    }

    impl Resources for All {
        async fn call_resource(&self, _: &RequestContext, _: ResourceRequest) -> Result<ResourceResponse, Error> {
            Ok(ResourceResponse::not_found(""))
        }
    }

    impl Streaming for All {
        async fn subscribe_stream(&self, _: &RequestContext, _: StreamRequest) -> Result<Subscribed, Error> {
            Ok(Subscribed::not_found())
        }

        async fn run_stream(&self, _: &RequestContext, _: StreamRequest, _: StreamSender) -> Result<(), Error> {
            Ok(())
        }
    }

    // That these compile is the test: any of the optional interfaces, in any order.
    crate::export!(All, "Cargo.toml");
    crate::export!(All, "Cargo.toml", streaming,);
    crate::export!(All, "Cargo.toml", resources, streaming);
    crate::export!(All, "Cargo.toml", streaming, resources);
}

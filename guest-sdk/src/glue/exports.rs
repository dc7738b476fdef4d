//! The raw exports, as wit-bindgen generates them, but for the areas of their parameters: those are freed.
//!
//! `export!` has wit-bindgen's macros look for the generated functions in these modules, which have the same names in the
//! same places. Each function here covers the one it calls; all that is not covered is the generated code's own.
#![expect(missing_docs, reason = "they stand in for generated code")]

use crate::parameter_area::{free, records};

macro_rules! freeing {
    ($interface:ident: $($export:ident($parameters:ident)),+ $(,)?) => {
        pub mod $interface {
            pub mod exports {
                pub mod wellhead {
                    pub mod plugin {
                        pub mod $interface {
                            use $crate::glue::bindings::$interface::exports::wellhead::plugin::$interface as generated;
                            use $crate::glue::exports::{free, records};

                            pub use generated::*;

                            $(
                                /// # Safety
                                ///
                                /// For the host to call, with the area of the export's parameters.
                                pub unsafe fn $export<T: Guest>(area: *mut u8) -> i32 {
                                    // SAFETY: the host called.
                                    let code = unsafe { generated::$export::<T>(area) };
                                    // SAFETY: the generated function polls its task once before it returns. Up to where it
                                    // first waits, which is inside of `T`'s function, the task has read all parameters,
                                    // and made of them what `T`'s function takes. It keeps the address and reads there no
                                    // more, and it frees nothing there.
                                    unsafe { free::<records::$parameters>(area) };
                                    code
                                }
                            )+
                        }
                    }
                }
            }
        }
    };
}

freeing!(datasource: _export_configure_cabi(Configure), _export_query_data_cabi(QueryData), _export_check_health_cabi(CheckHealth));
freeing!(resources: _export_call_resource_cabi(CallResource));
freeing!(streaming: _export_subscribe_stream_cabi(SubscribeStream), _export_run_stream_cabi(RunStream), _export_publish_stream_cabi(PublishStream));

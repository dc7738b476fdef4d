//! The area in which a host leaves the parameters of an export that has many of them, and its end.
//!
//! For more than 16 flat parameters the canonical ABI has the host ask `cabi_realloc` for one area, write them there as a
//! record, and pass its address: the area is the guest's. wit-bindgen 0.63 frees it in sync exports and forgets it in
//! `async` ones (`GuestDeallocate` in wit-bindgen-core's abi.rs), some 110 bytes a call. `glue::exports` frees it here,
//! which needs its size and alignment: they are the records' below. Where a later wit-bindgen frees it, this must go, and
//! until then its version is pinned.

/// The parameters of the exports, as the canonical ABI lays out records where addresses have 32 bits: as C does, in fields
/// that have the same size everywhere.
pub(crate) mod records {
    /// Of a list or a string.
    #[repr(C)]
    struct List {
        address: u32,
        length: u32,
    }

    /// Of a future or a stream.
    type Handle = u32;

    #[repr(C)]
    struct Optional<T> {
        is_some: bool,
        value: T,
    }

    #[repr(C)]
    struct User {
        login: List,
        name: List,
        email: List,
        role: List,
    }

    #[repr(C)]
    struct RequestContext {
        org_id: i64,
        user: Optional<User>,
        headers: List,
        traceparent: Optional<List>,
        budget_ms: u32,
        extensions: List,
    }

    #[repr(C)]
    pub(crate) struct Configure {
        id: i64,
        uid: List,
        org_id: i64,
        name: List,
        url: List,
        user: List,
        database: List,
        basic_auth: bool,
        basic_auth_user: List,
        json_data: List,
        secrets: List,
        version: u32,
        extensions: List,
    }

    #[repr(C)]
    pub(crate) struct QueryData {
        context: RequestContext,
        queries: List,
        cancel: Handle,
    }

    #[repr(C)]
    pub(crate) struct CheckHealth {
        context: RequestContext,
        cancel: Handle,
    }

    #[repr(C)]
    struct ResourceRequest {
        method: List,
        path: List,
        query: List,
        headers: List,
        body: Handle,
    }

    #[repr(C)]
    pub(crate) struct CallResource {
        context: RequestContext,
        request: ResourceRequest,
        cancel: Handle,
    }

    #[repr(C)]
    pub(crate) struct SubscribeStream {
        context: RequestContext,
        path: List,
        data: List,
    }

    #[repr(C)]
    pub(crate) struct RunStream {
        context: RequestContext,
        path: List,
        data: List,
        cancel: Handle,
    }

    pub(crate) type PublishStream = SubscribeStream;
}

/// Frees an area with the parameters `P`.
///
/// # Safety
///
/// The host passed it to an export with those parameters; they were read, none is read again, and nobody else frees it.
#[cfg(target_family = "wasm")]
pub(crate) unsafe fn free<P>(area: *mut u8) {
    // SAFETY: by the canonical ABI the host asked for just this size and alignment, as a test sees. It asked `cabi_realloc`,
    // whose memory is Rust's allocator's: generated code frees there what else it received.
    unsafe { std::alloc::dealloc(area, std::alloc::Layout::new::<P>()) }
}

#[cfg(test)]
mod tests {
    use super::records::*;
    use std::alloc::Layout;
    use std::collections::BTreeMap;
    use wit_parser::abi::AbiVariant;
    use wit_parser::{Resolve, SizeAlign};

    #[test]
    fn the_records_are_as_large_as_the_contract_makes_them_and_none_is_missing() {
        let mut contract = Resolve::default();
        contract.push_source("plugin.wit", include_str!("../../wit/plugin.wit")).unwrap();
        let mut sizes = SizeAlign::default();
        sizes.fill(&contract).unwrap();
        let mut asked_for = BTreeMap::new();
        for (_, interface) in &contract.interfaces {
            if !["datasource", "resources", "streaming"].contains(&interface.name.as_deref().unwrap()) {
                continue;
            }
            for (name, function) in &interface.functions {
                if contract.wasm_signature(AbiVariant::GuestExportAsync, function).indirect_params {
                    let area = sizes.record(function.params.iter().map(|parameter| &parameter.ty));
                    asked_for.insert(name.as_str(), (area.size.size_wasm32(), area.align.align_wasm32()));
                }
            }
        }
        let freed = [
            ("configure", Layout::new::<Configure>()),
            ("query-data", Layout::new::<QueryData>()),
            ("check-health", Layout::new::<CheckHealth>()),
            ("call-resource", Layout::new::<CallResource>()),
            ("subscribe-stream", Layout::new::<SubscribeStream>()),
            ("run-stream", Layout::new::<RunStream>()),
            ("publish-stream", Layout::new::<PublishStream>()),
        ];
        let freed = freed.map(|(name, layout)| (name, (layout.size(), layout.align())));
        assert_eq!(BTreeMap::from(freed), asked_for);
    }
}

//! What each request of a plugin is asked before it leaves.

use crate::path::{HotPath, Repeat};
use anyhow::{Result, ensure};
use http::Uri;
use serde_json::json;
use std::hint::black_box;
use std::net::IpAddr;
use wellhead_egress::{EgressPolicy, Origin, SecretValues, Upstream};

pub(crate) const PATHS: &[HotPath] = &[HotPath {
    name: "egress/allow-list",
    repetition: "4 requests of a plugin: URL and address allowed twice, URL refused, address refused",
    repetitions: 200,
    prepare: allow_list,
}];

fn allow_list() -> Result<Repeat> {
    let upstream = Upstream {
        url: "https://prometheus.example.com:9090/prom",
        basic_auth: false,
        basic_auth_user: "",
        json_data: &json!({}),
        secrets: &SecretValues::new(),
    };
    let policy = EgressPolicy::for_data_source(&upstream, &[Origin::parse("https://oauth2.example.com")?])?;
    let asked: [(Uri, IpAddr, bool); 4] = [
        ("https://prometheus.example.com:9090/prom/api/v1/query?query=up".parse()?, "93.184.216.34".parse()?, true),
        ("https://oauth2.example.com/token".parse()?, "2606:2800:220:1:248:1893:25c8:1946".parse()?, true),
        ("https://evil.example.com/".parse()?, "93.184.216.34".parse()?, false),
        ("https://oauth2.example.com/token".parse()?, "169.254.169.254".parse()?, false),
    ];
    Ok(Box::new(move || {
        for (uri, address, allowed) in black_box(&asked) {
            let judged = policy.check(uri).and_then(|line| line.check_address(*address));
            ensure!(judged.is_ok() == *allowed, "{uri} at {address}: {judged:?}");
        }
        Ok(())
    }))
}

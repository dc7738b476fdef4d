//! What a guest asks to be fetched, and what a name server answers: nothing leaves for an origin nobody allowed, nor
//! for an address a name may not lead to.

use crate::addresses::{Place, is_mapped, place};
use http::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};
use wellhead_egress::{Allowed, EgressPolicy, Origin, SecretValues, Upstream, Why};

/// Lines: the data source's URL, an origin that the operator granted, then the URLs a guest asks for. Each that is
/// allowed has scheme, host and port of one of the first two, as `url` reads them.
pub fn origin(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let (own, granted) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let extra: Vec<Origin> = read(granted).into_iter().collect();
    read(own);
    let (settings, secrets) = (serde_json::Value::Null, SecretValues::new());
    let upstream =
        Upstream { url: own, basic_auth: false, basic_auth_user: "", json_data: &settings, secrets: &secrets };
    let Ok(policy) = EgressPolicy::for_data_source(&upstream, &extra) else { return false };
    let named: Vec<_> = [own.trim(), granted].iter().filter_map(|line| parts(line)).collect();
    let mut allowed = false;
    for asked in lines.take(16) {
        let Ok(uri) = asked.parse::<Uri>() else { continue };
        let Ok(line) = policy.check(&uri) else { continue };
        allowed = true;
        let dialled = parts(&line.origin.to_string());
        assert!(dialled.as_ref().is_some_and(|parts| named.contains(parts)), "{asked:?}: {line:?} of {named:?}");
        // The URI as a whole, which others (a log, a proxy) read: the same server, or no URL at all.
        if let Some(read) = parts(&uri.to_string()) {
            assert_eq!(Some(read), dialled, "{asked:?} as {uri}");
        }
    }
    allowed
}

/// An origin is what `url` reads, and is the same after it was written and read again.
fn read(text: &str) -> Option<Origin> {
    let origin = Origin::parse(text).ok()?;
    let same = (origin.scheme().to_owned(), host_of(&Url::parse(text).ok()?)?, origin.port());
    assert_eq!(parts(text), Some(same), "{text:?}");
    let written = origin.to_string();
    assert_eq!(Origin::parse(&written).ok().as_ref(), Some(&origin), "{text:?} as {written}");
    assert_eq!(parts(&written), parts(text), "{text:?} as {written}");
    Some(origin)
}

/// Scheme, host (a trailing dot makes no other) and port.
fn parts(text: &str) -> Option<(String, Host, u16)> {
    let url = Url::parse(text).ok()?;
    Some((url.scheme().to_owned(), host_of(&url)?, url.port_or_known_default()?))
}

fn host_of(url: &Url) -> Option<Host> {
    Some(match url.host()?.to_owned() {
        Host::Domain(name) => Host::Domain(name.strip_suffix('.').unwrap_or(&name).to_owned()),
        address => address,
    })
}

/// A byte of choices, sixteen of an address, then a host name: the verdict is the one that `place` gives, by another
/// way.
pub fn destination(data: &[u8]) -> bool {
    let Some(((choice, address), host)) = data
        .split_first()
        .and_then(|(choice, rest)| Some((choice, rest.split_first_chunk::<16>()?)))
        .map(|(choice, (address, host))| ((*choice, *address), host))
    else {
        return false;
    };
    let bits = u128::from_be_bytes(address);
    let answered =
        if choice & 1 == 0 { IpAddr::V4(Ipv4Addr::from(bits as u32)) } else { IpAddr::V6(Ipv6Addr::from(bits)) };
    let why = match choice >> 1 & 3 {
        0 => Why::DataSource,
        1 => Why::Operator,
        _ => Why::Manifest,
    };
    let host = match choice >> 3 & 3 {
        0 => "a.example".to_owned(),
        1 => "localhost".to_owned(),
        2 => bracketed(answered),
        _ => String::from_utf8_lossy(host).into_owned(),
    };
    let Ok(origin) = Origin::parse(&format!("http://{host}/")) else { return false };
    let literal = origin.literal();
    let address = literal.unwrap_or(answered);
    let expected = match (place(address), literal) {
        (Place::Nowhere, _) => false,
        (place, _) if origin.is_localhost() => place == Place::Here && !is_mapped(address) && why != Why::Manifest,
        (Place::Outside, Some(_)) => true,
        (Place::Outside, None) => !is_mapped(address),
        _ if why == Why::Manifest => false,
        (_, Some(_)) => true,
        (Place::OnlyByAddress, None) => false,
        (Place::Inside | Place::Here, None) => !is_mapped(address),
    };
    let shown = format!("{origin} at {address}, by {why:?}");
    let verdict = Allowed { origin, why }.check_address(address);
    assert_eq!(verdict.is_ok(), expected, "{shown}: {verdict:?}");
    expected
}

/// How an address is written in a URL.
fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

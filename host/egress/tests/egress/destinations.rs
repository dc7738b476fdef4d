//! Where a name may lead, and that it leads there for good.

use tokio::net::TcpListener;
use wellhead_egress::{AddressClass, EgressError, EgressLimits};

use crate::support::{Names, Server, Settings, client, get, host, limits, reply};

fn class(error: &EgressError) -> AddressClass {
    assert!(error.is_denied(), "{error}");
    match error {
        EgressError::DeniedAddress { class, .. } => *class,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_data_sources_own_name_may_lead_inside() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let client =
        Settings::of(server.url_as("prom.svc", "")).client(host().resolver(Names::of(&[("prom.svc", "127.0.0.1")])));
    assert_eq!(get(&client, server.url_as("prom.svc", "/")).await.unwrap().1, "ok");
}

#[tokio::test]
async fn a_manifests_name_never_leads_inside() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let url = server.url_as("api.example", "");
    for address in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fd12::1", "::ffff:127.0.0.1", "169.254.169.254"] {
        let mut settings = Settings::of("https://own.example");
        settings.manifests = vec![url.clone()];
        let client = settings.client(host().resolver(Names::of(&[("api.example", address)])));
        let error = get(&client, &url).await.unwrap_err();
        assert_ne!(class(&error), AddressClass::Public, "{error}");
    }
    let mut settings = Settings::of("https://own.example");
    settings.manifests = vec![server.url(""), server.url_as("localhost", "")];
    let client = settings.client(host());
    for url in [server.url("/"), server.url_as("localhost", "/")] {
        assert_eq!(class(&get(&client, url).await.unwrap_err()), AddressClass::Loopback);
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn no_name_leads_to_metadata_or_link_local_addresses() {
    for (address, expected) in [
        ("169.254.169.254", AddressClass::Metadata),
        ("fd00:ec2::254", AddressClass::Metadata),
        ("64:ff9b::169.254.169.254", AddressClass::Metadata),
        ("169.254.1.1", AddressClass::LinkLocal),
        ("fe80::1", AddressClass::LinkLocal),
        ("::ffff:10.0.0.1", AddressClass::Private),
        ("0.0.0.0", AddressClass::Unusable),
    ] {
        let client = Settings::of("http://prom.svc").client(host().resolver(Names::of(&[("prom.svc", address)])));
        assert_eq!(class(&get(&client, "http://prom.svc/").await.unwrap_err()), expected, "{address}");
    }
}

#[tokio::test]
async fn localhost_leads_to_this_machine_only() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let url = server.url_as("localhost", "");
    assert_eq!(get(&Settings::of(&*url).client(host()), &url).await.unwrap().1, "ok");
    let lying = Settings::of(&*url).client(host().resolver(Names::of(&[("localhost", "10.0.0.1")])));
    assert_eq!(class(&get(&lying, &url).await.unwrap_err()), AddressClass::Private);
}

#[tokio::test]
async fn of_several_addresses_only_the_allowed_ones_are_used() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let names = Names::of(&[("prom.svc", "169.254.169.254 127.0.0.1")]);
    let client = Settings::of(server.url_as("prom.svc", "")).client(host().resolver(names));
    assert_eq!(get(&client, server.url_as("prom.svc", "/")).await.unwrap().1, "ok");
}

#[tokio::test]
async fn a_name_is_resolved_once_whatever_the_name_server_says_later() {
    let server = Server::http(|_| {
        let mut response = reply(200, "ok");
        response.headers_mut().insert("connection", "close".parse().unwrap());
        response
    })
    .await;
    let names = Names::of(&[("prom.svc", "127.0.0.1")]);
    let client = Settings::of(server.url_as("prom.svc", "")).client(host().resolver(names.clone()));
    for _ in 0..3 {
        assert_eq!(get(&client, server.url_as("prom.svc", "/")).await.unwrap().1, "ok");
        names.set("prom.svc", "10.0.0.1");
    }
    assert_eq!((server.connections(), names.asked()), (3, 1));
}

#[tokio::test]
async fn after_a_failed_connection_the_name_is_resolved_again_under_the_same_checks() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://prom.svc:{}", gone.port());
    let names = Names::of(&[("prom.svc", "127.0.0.1")]);
    let limits = EgressLimits { max_retries: 0, ..limits() };
    let client = Settings::of(&*url).client(host().resolver(names.clone()).limits(limits));
    assert!(matches!(get(&client, &url).await.unwrap_err(), EgressError::Refused { .. }));

    names.set("prom.svc", "169.254.169.254");
    assert_eq!(class(&get(&client, &url).await.unwrap_err()), AddressClass::Metadata);

    let moved = Server::at(&format!("127.0.0.2:{}", gone.port()), None, |_| reply(200, "moved")).await;
    names.set("prom.svc", "127.0.0.2");
    assert_eq!(get(&client, &url).await.unwrap().1, "moved");
    assert_eq!((moved.connections(), names.asked()), (1, 3));
}

#[tokio::test]
async fn a_failed_pin_that_is_young_stays() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://prom.svc:{}", gone.port());
    let names = Names::of(&[("prom.svc", "127.0.0.1")]);
    let client = Settings::of(&*url).client(
        host()
            .resolver(names.clone())
            .limits(EgressLimits { repin_after: std::time::Duration::from_secs(3600), ..limits() }),
    );
    for _ in 0..2 {
        assert!(matches!(get(&client, &url).await.unwrap_err(), EgressError::Refused { .. }));
    }
    assert_eq!(names.asked(), 1);
}

#[tokio::test]
async fn the_resolver_is_asked_for_the_rooted_name_the_operator_wrote() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let names = Names::of(&[("prom.svc.", "127.0.0.1")]);
    let client = Settings::of(server.url_as("PROM.svc.", "")).client(host().resolver(names));
    assert_eq!(get(&client, server.url_as("prom.svc", "/")).await.unwrap().1, "ok");
    assert_eq!(server.last().header("host"), Some(format!("prom.svc:{}", server.address.port()).as_str()));
}

#[tokio::test]
async fn an_ipv6_literal_is_reached() {
    if TcpListener::bind("[::1]:0").await.is_err() {
        println!("skipped: this machine has no IPv6");
        return;
    }
    let server = Server::at("[::1]:0", None, |_| reply(200, "ok")).await;
    assert_eq!(get(&client(&server.url("")), server.url_as("[0:0::1]", "/")).await.unwrap().1, "ok");
    assert_eq!(server.last().header("host"), Some(server.address.to_string().as_str()));
}

#[tokio::test]
async fn an_ipv4_mapped_literal_is_reached_only_where_the_url_names_it() {
    if TcpListener::bind("[::1]:0").await.is_err() {
        println!("skipped: this machine has no IPv6");
        return;
    }
    let server = Server::http(|_| reply(200, "ok")).await;
    let mapped = server.url_as("[::ffff:127.0.0.1]", "/");
    assert_eq!(get(&client(&mapped), &mapped).await.unwrap().1, "ok");
    let error = get(&client(&server.url("")), &mapped).await.unwrap_err();
    assert!(matches!(error, EgressError::Denied { .. }), "{error}");
}

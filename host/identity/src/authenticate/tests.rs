//! Who is let in, as what, and who is not.

use super::*;
use crate::{NewServiceAccount, NewToken, NewUser, Role, ServiceAccountUpdate, User};
use jiff::SignedDuration;
use std::time::Duration;
use wellhead_store::Database;

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

async fn authenticator() -> (Authenticator, Identities) {
    let identities = Identities::open(Database::in_memory().unwrap()).await.unwrap();
    (Authenticator::new(identities.clone()).unwrap(), identities)
}

async fn ada(identities: &Identities) -> User {
    let new = NewUser { email: "ada@b.c".into(), name: "Ada".into(), ..NewUser::new("ada", "right") };
    identities.create_user(new).await.unwrap()
}

async fn robot_token(identities: &Identities, seconds_to_live: Option<u64>) -> (i64, SecretText) {
    let new = NewServiceAccount { org_id: 1, name: "robot".into(), role: Role::Editor, is_disabled: false };
    let id = identities.create_service_account(new).await.unwrap().id;
    let (_, text) = identities.create_token(1, id, NewToken { name: "t".into(), seconds_to_live }).await.unwrap();
    (id, text)
}

fn basic(login: &str, password: &str) -> Credentials {
    Credentials::Basic { login: login.into(), password: password.into() }
}

fn now() -> Now {
    Now { wall: Timestamp::now(), steady: Instant::now() }
}

/// What the answer to nothing but a password is.
async fn sign_in(authenticator: &Authenticator, login: &str, password: &str, from: IpAddr) -> String {
    let answer = authenticator.authenticate(&basic(login, password), None, from).await;
    answer.map_or_else(|error| error.to_string(), |identity| format!("hello {}", identity.login))
}

const WRONG: &str = "invalid username or password";

#[tokio::test]
async fn a_user_signs_in_with_login_or_email_and_the_right_password_only() {
    let (authenticator, identities) = authenticator().await;
    let user = ada(&identities).await;
    let identity = authenticator.authenticate(&basic("ADA@b.c", "right"), None, HOME).await.unwrap();
    let expected = Identity {
        who: Who::User { id: user.id },
        org_id: 1,
        role: Role::Viewer,
        is_server_admin: false,
        login: "ada".into(),
        name: "Ada".into(),
        email: "ada@b.c".into(),
    };
    assert_eq!(identity, expected);
    for (login, password) in [("ada", "wrong"), ("ada", ""), ("bob", "right"), ("", "")] {
        assert_eq!(sign_in(&authenticator, login, password, HOME).await, WRONG);
    }
    let (long_login, long_password) = ("x".repeat(1 << 20), "x".repeat(1 << 20));
    assert_eq!(sign_in(&authenticator, &long_login, "right", AWAY).await, WRONG);
    assert_eq!(sign_in(&authenticator, "ada", &long_password, AWAY).await, WRONG);
}

#[tokio::test]
async fn a_login_that_does_not_exist_costs_as_many_hashes_as_a_wrong_password() {
    let (authenticator, identities) = authenticator().await;
    ada(&identities).await;
    let mut hashes = Vec::new();
    for (login, password) in [("ada", "wrong"), ("nobody", "wrong"), ("", ""), (&"x".repeat(10_000), "wrong")] {
        let before = authenticator.passwords_hashed();
        assert_eq!(sign_in(&authenticator, login, password, HOME).await, WRONG);
        hashes.push(authenticator.passwords_hashed() - before);
    }
    assert_eq!(hashes, [1, 1, 1, 1]);
}

#[tokio::test]
async fn a_right_password_is_hashed_once_a_minute_and_client() {
    let (authenticator, identities) = authenticator().await;
    ada(&identities).await;
    let start = now();
    let mut hashes = Vec::new();
    for (from, after) in [(HOME, 0), (HOME, 59), (AWAY, 59), (HOME, 60)] {
        let before = authenticator.passwords_hashed();
        let now = Now { steady: start.steady + Duration::from_secs(after), ..start };
        authenticator.authenticate_at(&basic("ada", "right"), None, from, now).await.unwrap();
        hashes.push(authenticator.passwords_hashed() - before);
    }
    assert_eq!(hashes, [1, 0, 1, 1]);
    assert_eq!(sign_in(&authenticator, "ada", "wrong", HOME).await, WRONG);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_at_once_with_a_right_password_are_all_let_in_for_a_few_hashes() {
    let (authenticator, identities) = authenticator().await;
    ada(&identities).await;
    let before = authenticator.passwords_hashed();
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let authenticator = authenticator.clone();
        requests.spawn(async move { sign_in(&authenticator, "ada", "right", HOME).await });
    }
    assert!(requests.join_all().await.iter().all(|answer| answer == "hello ada"));
    assert!(authenticator.passwords_hashed() - before <= 2);
}

#[tokio::test]
async fn a_changed_password_a_disabled_user_and_a_lost_membership_hold_from_the_next_request_on() {
    let (authenticator, identities) = authenticator().await;
    let user = ada(&identities).await;
    assert_eq!(sign_in(&authenticator, "ada", "right", HOME).await, "hello ada");
    identities.set_password(user.id, "changed").await.unwrap();
    assert_eq!(sign_in(&authenticator, "ada", "right", HOME).await, WRONG);
    assert_eq!(sign_in(&authenticator, "ada", "changed", HOME).await, "hello ada");
    identities.set_disabled(user.id, true).await.unwrap();
    assert_eq!(sign_in(&authenticator, "ada", "changed", HOME).await, r#""ada" is disabled: ask an admin"#);
    assert_eq!(sign_in(&authenticator, "ada", "wrong", HOME).await, WRONG, "who does not know it is not told");
    identities.set_disabled(user.id, false).await.unwrap();
    identities.remove_member(1, user.id).await.unwrap();
    assert!(sign_in(&authenticator, "ada", "changed", HOME).await.starts_with(r#""ada" belongs to no org"#));
    identities.delete_user(user.id).await.unwrap();
    assert_eq!(sign_in(&authenticator, "ada", "changed", HOME).await, WRONG);
}

#[tokio::test]
async fn the_org_is_the_one_named_else_the_current_one_else_the_first() {
    let (authenticator, identities) = authenticator().await;
    let user = ada(&identities).await;
    let team = identities.create_org("Team", Some(user.id)).await.unwrap();
    let other = identities.create_org("Other", None).await.unwrap();
    let credentials = basic("ada", "right");
    let org = async |named| {
        let answer = authenticator.authenticate(&credentials, named, HOME).await;
        answer.map(|identity| (identity.org_id, identity.role))
    };
    assert_eq!(org(None).await.unwrap(), (1, Role::Viewer));
    assert_eq!(org(Some(team.id)).await.unwrap(), (team.id, Role::Admin));
    for named in [other.id, 99, 0, -1] {
        assert!(matches!(org(Some(named)).await, Err(AuthError::NotMember { org_id }) if org_id == named));
    }
    identities.set_current_org(user.id, team.id).await.unwrap();
    assert_eq!(org(None).await.unwrap(), (team.id, Role::Admin));
    identities.delete_org(team.id).await.unwrap();
    assert_eq!(org(None).await.unwrap(), (1, Role::Viewer));
}

#[tokio::test]
async fn five_wrong_passwords_make_the_login_wait_there_even_with_the_right_one() {
    let (authenticator, identities) = authenticator().await;
    ada(&identities).await;
    let start = now();
    let try_at = async |password: &str, from, after| {
        let now = Now { steady: start.steady + Duration::from_secs(after), ..start };
        authenticator.authenticate_at(&basic("ada", password), None, from, now).await
    };
    for _ in 0..4 {
        assert!(matches!(try_at("wrong", HOME, 0).await, Err(AuthError::WrongPassword)));
    }
    try_at("right", HOME, 0).await.unwrap();
    for after in 0..5 {
        assert!(matches!(try_at("wrong", HOME, after).await, Err(AuthError::WrongPassword)), "counted anew");
    }
    let before = authenticator.passwords_hashed();
    let blocked = try_at("right", HOME, 5).await.unwrap_err();
    assert_eq!(blocked.to_string(), "too many failed sign-ins: try again in 295 s");
    let by_email = authenticator.authenticate_at(&basic("ada@b.c", "right"), None, HOME, start).await;
    assert!(matches!(by_email, Err(AuthError::TooManyTries { .. })), "one user, by whatever name");
    assert_eq!(authenticator.passwords_hashed(), before, "who waits costs nothing");
    try_at("right", AWAY, 5).await.unwrap();
    try_at("right", HOME, 300).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_sent_at_once_are_counted_before_more_are_tried() {
    let (authenticator, identities) = authenticator().await;
    ada(&identities).await;
    let before = authenticator.passwords_hashed();
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..40 {
        let authenticator = authenticator.clone();
        requests.spawn(async move { sign_in(&authenticator, "ada", &format!("guess {number}"), HOME).await });
    }
    let answers = requests.join_all().await;
    assert!(answers.iter().all(|answer| !answer.starts_with("hello")));
    assert!(authenticator.passwords_hashed() - before <= 6, "five, and one that had begun");
}

#[tokio::test]
async fn who_hangs_up_after_a_wrong_password_is_counted_as_well() {
    let (authenticator, identities) = authenticator().await;
    ada(&identities).await;
    for guess in 1..=5 {
        let wrong = format!("guess {guess}");
        let mut signing_in = Box::pin(sign_in(&authenticator, "ada", &wrong, HOME));
        std::future::poll_fn(|context| {
            assert!(signing_in.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        drop(signing_in);
        // Whoever has both turns knows that nobody else is at it.
        drop((identities.passwords().turn().await.unwrap(), identities.passwords().turn().await.unwrap()));
    }
    let blocked = authenticator.authenticate(&basic("ada", "right"), None, HOME).await;
    assert!(matches!(blocked, Err(AuthError::TooManyTries { .. })));
}

#[tokio::test]
async fn a_token_is_its_service_account_in_its_org_alone() {
    let (authenticator, identities) = authenticator().await;
    let (id, text) = robot_token(&identities, None).await;
    let credentials = Credentials::Token(text.clone());
    let identity = authenticator.authenticate(&credentials, Some(1), HOME).await.unwrap();
    let token_id = identities.tokens(1, id).await.unwrap()[0].id;
    assert_eq!(identity.who, Who::ServiceAccount { id, token_id });
    assert_eq!((identity.org_id, identity.role, identity.is_server_admin), (1, Role::Editor, false));
    assert_eq!((identity.login.as_str(), identity.name.as_str()), ("sa-1-robot", "robot"));
    let as_password = authenticator.authenticate(&basic("api_key", text.expose()), None, HOME).await;
    assert_eq!(as_password.unwrap(), identity);
    assert_eq!(sign_in(&authenticator, "sa-1-robot", text.expose(), HOME).await, WRONG, "its login has no password");
    let elsewhere = authenticator.authenticate(&credentials, Some(2), HOME).await;
    assert!(matches!(elsewhere, Err(AuthError::TokenOfAnotherOrg { org_id: 2 })));
}

#[tokio::test]
async fn unknown_revoked_expired_and_disabled_tokens_are_refused() {
    let (authenticator, identities) = authenticator().await;
    let (id, text) = robot_token(&identities, Some(60)).await;
    let credentials = Credentials::Token(text);
    let (token, start) = (identities.tokens(1, id).await.unwrap().remove(0), now());
    let at = async |wall| authenticator.authenticate_at(&credentials, None, HOME, Now { wall, ..start }).await;
    let end = token.expires.unwrap();
    at(end - SignedDuration::from_nanos(1)).await.unwrap();
    assert!(matches!(at(end).await, Err(AuthError::ExpiredToken { name }) if name == "t"));
    let disable = |is_disabled| ServiceAccountUpdate { is_disabled: Some(is_disabled), ..Default::default() };
    identities.update_service_account(1, id, disable(true)).await.unwrap();
    assert!(matches!(at(start.wall).await, Err(AuthError::Disabled { login }) if login == "sa-1-robot"));
    identities.update_service_account(1, id, disable(false)).await.unwrap();
    at(start.wall).await.unwrap();
    identities.delete_token(1, id, token.id).await.unwrap();
    assert!(matches!(at(start.wall).await, Err(AuthError::UnknownToken)));
    for bad in ["", "x", "glsa_yscW25imSKJIuav8zF37RZmnbiDvB05G_fcaaf58a", &"x".repeat(1 << 20)] {
        let answer = authenticator.authenticate(&Credentials::Token(bad.into()), None, HOME).await;
        assert!(matches!(answer, Err(AuthError::UnknownToken)), "{bad:.50}");
    }
}

#[tokio::test]
async fn without_credentials_nobody_is_let_in_unless_viewers_are_allowed() {
    let (authenticator, identities) = authenticator().await;
    identities.create_org("Team", None).await.unwrap();
    let none = Credentials::None;
    assert!(matches!(authenticator.authenticate(&none, None, HOME).await, Err(AuthError::Missing)));
    let open = authenticator.with_anonymous_viewer(true);
    assert_eq!(open.authenticate(&none, Some(1), HOME).await.unwrap(), Identity::anonymous());
    assert_eq!(open.authenticate(&none, None, HOME).await.unwrap().role, Role::Viewer);
    assert!(matches!(open.authenticate(&none, Some(2), HOME).await, Err(AuthError::NotMember { org_id: 2 })));
    assert_eq!(sign_in(&open, "nobody", "wrong", HOME).await, WRONG, "wrong credentials are not none");
}

#[tokio::test]
async fn the_operator_is_admin_of_the_server_and_of_every_org_there_is() {
    let (authenticator, identities) = authenticator().await;
    let team = identities.create_org("Team", None).await.unwrap();
    let token = OperatorToken::generate().unwrap();
    let credentials = Credentials::Token(token.text().clone());
    let stranger = authenticator.authenticate(&credentials, None, HOME).await;
    assert!(matches!(stranger, Err(AuthError::UnknownToken)));
    let authenticator = authenticator.with_operator(token);
    assert_eq!(authenticator.authenticate(&credentials, None, HOME).await.unwrap(), Identity::operator(1));
    let there = authenticator.authenticate(&credentials, Some(team.id), HOME).await.unwrap();
    assert_eq!((there.org_id, there.role, there.is_server_admin), (team.id, Role::Admin, true));
    let nowhere = authenticator.authenticate(&credentials, Some(99), HOME).await;
    assert!(matches!(nowhere, Err(AuthError::NotMember { org_id: 99 })));
    let other = Credentials::Token(OperatorToken::generate().unwrap().text().clone());
    assert!(matches!(authenticator.authenticate(&other, None, HOME).await, Err(AuthError::UnknownToken)));
}

#[tokio::test]
async fn when_users_and_tokens_were_last_used_is_written_once_a_minute_and_not_by_the_request() {
    let (authenticator, identities) = authenticator().await;
    let user = ada(&identities).await;
    let (id, text) = robot_token(&identities, None).await;
    let start = now();
    let use_both = async |after: i64| {
        let now = Now { wall: start.wall + SignedDuration::from_secs(after), ..start };
        authenticator.authenticate_at(&basic("ada", "right"), None, HOME, now).await.unwrap();
        authenticator.authenticate_at(&Credentials::Token(text.clone()), None, HOME, now).await.unwrap();
    };
    let written = async || {
        let token = identities.tokens(1, id).await.unwrap().remove(0);
        let seconds = |at: Option<Timestamp>| at.map(|at| at.as_second() - start.wall.as_second());
        (seconds(identities.user(user.id).unwrap().last_seen), seconds(token.last_used))
    };
    use_both(0).await;
    assert_eq!(written().await, (None, None));
    authenticator.flush().await.unwrap();
    assert_eq!(written().await, (Some(0), Some(0)));
    use_both(59).await;
    authenticator.flush().await.unwrap();
    assert_eq!(written().await, (Some(0), Some(0)));
    use_both(60).await;
    authenticator.flush().await.unwrap();
    assert_eq!(written().await, (Some(60), Some(60)));
}

#[tokio::test]
async fn what_waits_to_be_written_keeps_no_database_open() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.redb");
    let identities = Identities::open(Database::open(&file).unwrap()).await.unwrap();
    ada(&identities).await;
    let authenticator = Authenticator::new(identities.clone()).unwrap();
    assert_eq!(sign_in(&authenticator, "ada", "right", HOME).await, "hello ada");
    drop((authenticator, identities));
    Database::open(&file).unwrap();
}

#[test]
fn credentials_do_not_show_their_secret() {
    let shown = format!("{:?} {:?}", basic("ada", "hunter2"), Credentials::Token("glsa_x".into()));
    assert_eq!(shown, r#"Basic { login: "ada", password: SecretText } Token(SecretText)"#);
}

//! Natively, with the API stood in for: its tokens, its pages, its refusals.

use super::*;
use std::cell::RefCell;
use std::rc::Rc;
use wellhead_sdk::{cache, testing};

/// An API of `events` events, which takes the tokens `good-…` and counts who asks.
#[derive(Default)]
struct Api {
    events: usize,
    /// Tokens it has given.
    tokens: usize,
    /// Tokens before this one are not taken any more.
    oldest: usize,
    /// Paths that were asked for, with their queries.
    asked: Vec<String>,
    /// Names each page as the next one.
    repeats: bool,
}

impl Api {
    fn answer(&mut self, request: &testing::SentRequest) -> (u16, String) {
        let path = request.url.strip_prefix("https://api.example.com/").unwrap_or(&request.url);
        self.asked.push(path.to_owned());
        if path == "oauth2/token" {
            let form = String::from_utf8_lossy(&request.body).into_owned();
            assert_eq!(form, "grant_type=client_credentials&client_id=me&client_secret=hush%20hush");
            self.tokens += 1;
            return (200, format!(r#"{{"access_token":"good-{}","expires_in":3600}}"#, self.tokens));
        }
        let sent = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let token = sent.and_then(|value| value.strip_prefix("Bearer good-")).and_then(|token| token.parse().ok());
        if token.is_none_or(|token: usize| token < self.oldest) {
            return (401, "no".into());
        }
        let number = |name: &str| {
            let pairs = path.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pairs.and_then(|value| value.parse::<usize>().ok())
        };
        let first = number("after").unwrap_or(0);
        let end = self.events.min(first + number("limit").unwrap());
        let event = |at| format!(r#"{{"time":{at},"service":"web","text":"event {at}"}}"#);
        let events: Vec<String> = (first..end).map(event).collect();
        let next = if self.repeats { Some(first) } else { (end < self.events).then_some(end) };
        let next = next.map_or("null".to_owned(), |next| format!("\"{next}\""));
        (200, format!(r#"{{"events":[{}],"next":{next}}}"#, events.join(",")))
    }
}

fn source(api: Api) -> (PagedApi, Rc<RefCell<Api>>) {
    cache::delete("token");
    let api = Rc::new(RefCell::new(api));
    let answers = api.clone();
    testing::answer_http(move |request| {
        let (status, body) = answers.borrow_mut().answer(request);
        Ok((status, body.into()))
    });
    let settings = InstanceSettings {
        url: "https://api.example.com".into(),
        json_data: Settings { client_id: "me".into(), token_url: None },
        secrets: [("clientSecret".to_owned(), "hush hush".to_owned())].into_iter().collect(),
        ..Default::default()
    };
    (PagedApi::configure(settings).unwrap(), api)
}

fn ask(source: &PagedApi, limit: Option<usize>) -> Result<Vec<Frame>, Error> {
    let query = DataQuery::<()>::default().with_model(Query { service: Some("web".into()), limit });
    testing::block_on(async { source.query(&RequestContext::default(), query).await?.collect().await })
}

#[test]
fn all_pages_are_one_frame() {
    let (source, api) = source(Api { events: 1_201, ..Default::default() });
    let frames = ask(&source, None).unwrap();
    assert_eq!((frames.len(), frames[0].num_rows()), (1, 1_201));
    let asked = &api.borrow().asked;
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert_eq!(asked[2], "api/events?from=0&to=0&limit=500&service=web&after=500");
}

#[test]
fn no_page_is_asked_for_that_is_not_wanted() {
    let (source, api) = source(Api { events: 10_000, ..Default::default() });
    assert_eq!(ask(&source, Some(600)).unwrap()[0].num_rows(), 600);
    assert_eq!(api.borrow().asked.last().unwrap(), "api/events?from=0&to=0&limit=100&service=web&after=500");
}

#[test]
fn an_answer_without_rows_has_its_fields() {
    let (source, _) = source(Api::default());
    let frames = ask(&source, None).unwrap();
    assert_eq!((frames[0].num_rows(), frames[0].fields().len()), (0, 3));
}

#[test]
fn an_api_that_names_a_page_as_its_own_next_is_an_error() {
    let (source, _) = source(Api { events: 10_000, repeats: true, ..Default::default() });
    let error = ask(&source, None).unwrap_err();
    assert!(error.message().contains("next after itself"), "{error}");
}

#[test]
fn a_token_is_kept_and_a_refused_one_is_fetched_again() {
    let (source, api) = source(Api { events: 1, ..Default::default() });
    ask(&source, None).unwrap();
    ask(&source, None).unwrap();
    assert_eq!(api.borrow().tokens, 1);
    api.borrow_mut().oldest = 2;
    ask(&source, None).unwrap();
    assert_eq!(api.borrow().tokens, 2);
}

#[test]
fn a_client_that_is_never_let_in_is_told_so_after_two_tokens() {
    let (source, api) = source(Api { oldest: usize::MAX, ..Default::default() });
    assert_eq!(ask(&source, None).unwrap_err().status(), 401);
    assert_eq!(api.borrow().tokens, 2);
}

#[test]
fn a_missing_secret_is_the_settings_fault_and_names_its_key() {
    let settings = InstanceSettings {
        url: "https://api.example.com".into(),
        json_data: Settings { client_id: "me".into(), token_url: None },
        ..Default::default()
    };
    let error = PagedApi::configure(settings).err().unwrap();
    assert!(error.message().contains("clientSecret"), "{error}");
}

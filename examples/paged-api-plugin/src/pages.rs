//! Events page by page, as long as the API names a next one: each page is a part of one frame, and is fetched when the
//! host has taken the part before it. So an answer of any size needs memory for a page.

use crate::token::Tokens;
use crate::{Event, Query, frame};
use futures::Stream;
use futures::stream;
use wellhead_sdk::prelude::*;

/// Rows of a page: what the API gives at most.
const PAGE: usize = 500;
/// Rows of an answer, where the query says nothing.
const LIMIT: usize = 10_000;

pub(crate) struct Pages {
    tokens: Tokens,
    ctx: RequestContext,
    service: Option<String>,
    from: i64,
    to: i64,
    /// Rows that may still come.
    left: usize,
    next: Next,
}

enum Next {
    First,
    After(String),
    Nothing,
}

#[derive(Deserialize)]
struct Page {
    events: Vec<Event>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

impl Pages {
    /// Parts of the answer outlive the call's borrow of its context, so they have their own.
    pub(crate) fn new(tokens: Tokens, ctx: RequestContext, query: &DataQuery<Query>) -> Self {
        Self {
            tokens,
            ctx,
            service: query.model.service.clone(),
            from: query.time_range.from.millis(),
            to: query.time_range.to.millis(),
            left: query.model.limit.unwrap_or(LIMIT),
            next: Next::First,
        }
    }

    pub(crate) fn into_frames(self) -> impl Stream<Item = Result<Frame, Error>> {
        stream::try_unfold(self, async |mut pages| Ok(pages.page().await?.map(|part| (part, pages))))
    }

    /// The next part, `None` after the last. There is always a first, of which the answer has its fields.
    async fn page(&mut self) -> Result<Option<Frame>, Error> {
        let rows = self.left.min(PAGE);
        let after = match &self.next {
            Next::First => None,
            Next::After(cursor) if rows > 0 => Some(cursor),
            Next::After(_) | Next::Nothing => return Ok(None),
        };
        let request = |http: &Http| {
            let filters = [("service", self.service.as_ref()), ("after", after)];
            let given = filters.into_iter().filter_map(|(key, value)| Some((key, value?)));
            http.get(&self.ctx, "api/events")
                .query("from", self.from)
                .query("to", self.to)
                .query("limit", rows)
                .queries(given)
        };
        let mut page: Page = self.tokens.send(&self.ctx, request).await?.json().await?;
        // An API that repeats itself would be asked until the deadline.
        if page.next.is_some() && page.next.as_ref() == after {
            return Err(Error::downstream(format_args!("the API names page {after:?} as the next after itself")));
        }
        page.events.truncate(rows);
        self.left = self.left.saturating_sub(page.events.len());
        self.next = page.next.map_or(Next::Nothing, Next::After);
        Ok(Some(frame(&page.events)?))
    }
}

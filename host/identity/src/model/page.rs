//! Lists in pages, as Grafana's `…/search` routes give them.

/// The most of a list that is given at once.
pub const MAX_PER_PAGE: usize = 5_000;

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// What names must contain, without regard to case; empty means all.
    pub query: String,
    /// Which page, from 1; 0 is taken for 1.
    pub page: usize,
    /// How many a page, up to [`MAX_PER_PAGE`]; 0 is taken for that.
    pub per_page: usize,
}

impl Default for Search {
    /// All, in pages of 1,000: Grafana's defaults.
    fn default() -> Self {
        Self { query: String::new(), page: 1, per_page: 1_000 }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: usize,
    /// Which page it is, from 1.
    pub page: usize,
    /// How many a full page has.
    pub per_page: usize,
}

impl<T> Page<T> {
    /// The page that `search` asks for of `all`, which is in order and has been searched.
    pub(crate) fn of(all: Vec<T>, search: &Search) -> Self {
        let total = all.len();
        let page = search.page.max(1);
        let per_page = if search.per_page == 0 { MAX_PER_PAGE } else { search.per_page.min(MAX_PER_PAGE) };
        let items = all.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();
        Self { items, total, page, per_page }
    }
}

/// A query that was made ready for many texts.
pub(crate) struct Matcher(String);

impl Matcher {
    pub(crate) fn new(search: &Search) -> Self {
        Self(search.query.to_lowercase())
    }

    pub(crate) fn matches(&self, texts: &[&str]) -> bool {
        self.0.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pages_one_after_the_other_are_the_whole_list(length in 0_usize..50, per_page in 1_usize..20) {
            let all: Vec<_> = (0..length).collect();
            let page = |page| Page::of(all.clone(), &Search { page, per_page, ..Search::default() });
            let pages = length.div_ceil(per_page);
            prop_assert_eq!((1..=pages).flat_map(|number| page(number).items).collect::<Vec<_>>(), all.clone());
            prop_assert_eq!(page(pages + 1).items, Vec::<usize>::new());
        }

        #[test]
        fn any_page_and_size_give_an_answer_within_the_limit(page: usize, per_page: usize) {
            let found = Page::of(vec![(); MAX_PER_PAGE + 1], &Search { query: String::new(), page, per_page });
            prop_assert!(found.items.len() <= MAX_PER_PAGE && found.total == MAX_PER_PAGE + 1);
        }
    }

    #[test]
    fn a_query_finds_in_any_text_and_without_regard_to_case() {
        let matcher = Matcher::new(&Search { query: "ÄR".into(), ..Search::default() });
        assert!(matcher.matches(&["x", "Bärbel"]));
        assert!(!matcher.matches(&["Barbel"]));
    }
}

//! The upstream, of which only matters whether it answers.

use crate::wellhead::plugin::fetch;

/// Asks it; the error says why there is no answer.
pub(crate) async fn get(url: &str) -> Result<(), String> {
    let request = fetch::Request { method: "GET".to_owned(), url: url.to_owned(), headers: vec![], body: vec![] };
    match fetch::send(&request).await {
        Ok(response) => {
            response.body.collect().await;
            Ok(())
        }
        Err(error) => Err(format!("{error:?}")),
    }
}

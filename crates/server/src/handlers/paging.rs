//! Lists, a page at a time.

use data_encoding::BASE64URL_NOPAD;
use windlass_api::ListQuery;

use crate::answer::{Refused, bad_request};

/// What a page holds unless the client says how many.
const LISTED: u32 = 20;

/// Most that it holds.
const LISTED_MAX: u32 = 200;

/// How many a page holds.
pub(super) fn limit(query: &ListQuery) -> Result<u32, Refused> {
    match query.limit.unwrap_or(LISTED).min(LISTED_MAX) {
        // Neither an entry nor a next page could come of it, as if there were none.
        0 => Err(bad_request("limit is at least 1")),
        limit => Ok(limit),
    }
}

/// Cuts what was read, one more than the page holds, to the page. The last of it, if there is another page.
pub(super) fn cut<T>(read: &mut Vec<T>, limit: u32) -> Option<&T> {
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = read.len() > page;
    read.truncate(page);
    read.last().filter(|_| more)
}

/// The cursor of the page after an entry.
pub(super) fn cursor(after: &str) -> String {
    BASE64URL_NOPAD.encode(after.as_bytes())
}

/// The entry after which a page begins.
pub(super) fn place<T>(
    query: &ListQuery,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Refused> {
    let Some(cursor) = &query.cursor else {
        return Ok(None);
    };
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes());
    let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let place = text.and_then(|text| read(&text));
    let place =
        place.ok_or_else(|| bad_request("a cursor is `next` of an earlier page, as it is"))?;
    Ok(Some(place))
}

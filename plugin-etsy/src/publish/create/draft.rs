//! The one draft of a key: asked for once, and looked for where its fate is unknown.

use super::Creation;
use crate::api::{self, Form};
use crate::date::{http_date, now};
use crate::id::Id;
use crate::limits::{OFFSET, PAGE};
use crate::publish::policies::Resolved;
use crate::publish::preview::draft_form;
use crate::publish::progress::{Progress, doubt, ownership};
use crate::publish::read::listing_of;
use crate::publish::trace::{self, Intent, Verdict};
use crate::refusal::call;
use stoflow_plugin_sdk::types::{Error, ListingState};
use stoflow_plugin_sdk::{journal, log};

impl Creation<'_> {
    /// The draft: the one in doubt if it is found, else a new one.
    pub(super) fn draft(&mut self, policies: &Resolved) -> Result<Id, Error> {
        if let Some(intent) = self.progress.intent.clone()
            && let Some(id) = self.search(&intent)?
        {
            return self.own(id);
        }
        let mut form = draft_form(&self.converted);
        form.extend(policies.form());
        let intent = self.intent(&form)?;
        self.progress.begin(intent.clone());
        self.progress.policies = Some(policies.clone());
        self.progress.product = self.says();
        self.save()?;
        match self.ask_for_draft(form) {
            Ok(id) => {
                self.state = Some(ListingState::Draft);
                self.own(id)
            }
            Err(Error::Uncertain(why)) => match self.search(&intent) {
                Ok(Some(id)) => self.own(id),
                Ok(None) => Err(Error::Uncertain(format!(
                    "{why}; no draft of it is there yet: the same call again looks once more"
                ))),
                Err(Error::Uncertain(which)) => Err(Error::Uncertain(which)),
                Err(error) => Err(Error::Uncertain(format!(
                    "{why}; looking for the draft failed too: {}",
                    error.message()
                ))),
            },
            Err(error) => {
                // It was certainly not made: there is nothing to remember.
                self.progress = Progress::default();
                self.entry.clear();
                Err(error)
            }
        }
    }

    fn ask_for_draft(&self, form: Form) -> Result<Id, Error> {
        let reply = call(api::create_draft(&self.shop, form))?;
        listing_of(&reply)
            .ok()
            .and_then(|listing| Id::parse(&listing.id))
            .ok_or_else(|| reply.unexpected("a draft without an id"))
    }

    fn own(&mut self, id: Id) -> Result<Id, Error> {
        self.progress.own(&id);
        self.save()?;
        Ok(id)
    }

    /// The intent, with Etsy's own clock and the drafts that say the same already.
    fn intent(&self, form: &Form) -> Result<Intent, Error> {
        let reply = call(api::listings(&self.shop, "draft", PAGE, 0))?;
        let since = reply
            .header("date")
            .and_then(http_date)
            .unwrap_or_else(|| now() / 1000);
        let trace = trace::of_form(form);
        let page = reply.object()?.objects("results");
        let same = page
            .iter()
            .filter(|draft| trace::of_listing(draft) == trace);
        let known = same
            .filter_map(|draft| Id::parse(&draft.text("listing_id")?))
            .collect();
        Ok(Intent {
            since,
            trace,
            known,
        })
    }

    /// The draft that an intent made, among those that no other key owns.
    fn search(&self, intent: &Intent) -> Result<Option<Id>, Error> {
        let mut found = Vec::new();
        let mut offset = 0;
        loop {
            let reply = call(api::listings(&self.shop, "draft", PAGE, offset))?;
            let page = reply.object()?.objects("results");
            found.extend(trace::candidates(&page, intent));
            offset += PAGE;
            if page.len() < PAGE as usize || offset > OFFSET {
                break;
            }
        }
        found.sort_by_key(|(created, id)| (*created, id.as_str().len(), id.to_string()));
        let free = found
            .into_iter()
            .map(|(_, id)| id)
            .filter(|id| journal::claimed(&ownership(id)) == 0);
        match trace::decide(free.collect(), journal::claimed(&doubt(&intent.trace))) {
            Verdict::Absent => Ok(None),
            Verdict::Found(id) => {
                log!("the draft {id} was made before the reply was lost");
                Ok(Some(id))
            }
            Verdict::Ambiguous(ids) => {
                let ids: Vec<String> = ids.iter().map(Id::to_string).collect();
                Err(Error::Uncertain(format!(
                    "any of the drafts {} may be this product's: delete on Etsy those that are too many, \
                     and call again",
                    ids.join(" and ")
                )))
            }
        }
    }
}

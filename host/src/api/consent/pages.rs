//! The pages of a consent that came to something: the question, and what became of the answer.

use http::StatusCode;

use crate::accounts::{Connected, Revocation};
use crate::api::page::{Button, Page};
use crate::consent::{Declined, Offered};

/// Whose shop is connected to whom, if the person in the browser wants it.
pub(super) fn question(offered: &Offered, marketplace: &str) -> Page {
    let (shop, user) = (&offered.identity.name, &offered.user);
    let (heading, yes) = match offered.renews {
        None => (
            format!("Connect the shop “{shop}” to the Stoflow user “{user}”?"),
            "Connect",
        ),
        Some(_) => (
            format!("Renew the connection of the shop “{shop}” to the Stoflow user “{user}”?"),
            "Renew",
        ),
    };
    let yes = Button {
        text: yes,
        decision: "connect",
    };
    let no = Button {
        text: "Cancel",
        decision: "cancel",
    };
    Page::new(heading)
        .says(format!(
            "From then on “{user}” can do in this shop, through Stoflow, what you have just allowed on {marketplace}."
        ))
        .says("If you do not know this user, or somebody sent you a link to get here, press Cancel.")
        .says_all(offered.warnings.iter().map(|warning| format!("{warning}.")))
        .asks("confirm", ("consent", offered.id.expose().to_owned()), yes, no)
}

/// After a yes.
pub(super) fn connected(connected: &Connected) -> Page {
    let account = &connected.account;
    Page::new(format!("“{}” is connected", account.identity.name))
        .says(format!(
            "It belongs to the Stoflow user “{}” now.",
            account.user
        ))
        .says_all(
            connected
                .warnings
                .iter()
                .map(|warning| format!("{warning}.")),
        )
        .says("You can close this page.")
}

/// After a no.
pub(super) fn declined(declined: &Declined, marketplace: &str) -> Page {
    let given_back = given_back(declined, marketplace);
    Page::new("Nothing was connected")
        .says(format!(
            "Stoflow has forgotten what you allowed; {given_back}."
        ))
        .says("You can close this page.")
}

/// What became of the tokens that nobody wanted.
pub(super) fn given_back(declined: &Declined, marketplace: &str) -> String {
    match &declined.revocation {
        Some(Revocation::Done) => format!("{marketplace} has taken it back"),
        Some(Revocation::NotOffered | Revocation::Nothing) => format!(
            "{marketplace} offers no way to take it back from here, but you can remove the app in your settings there"
        ),
        Some(Revocation::Failed(_)) => format!(
            "{marketplace} could not be asked to take it back, but you can remove the app in your settings there"
        ),
        None => "the connection that there was before is as it was".to_owned(),
    }
}

/// Where the address names no plugin that is there.
pub(super) fn no_marketplace() -> Page {
    Page::new("There is no such marketplace here")
        .status(StatusCode::NOT_FOUND)
        .says("Nothing was connected.")
}

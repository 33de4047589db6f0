//! `stoflow account connect`: from the marketplace's page in the browser to a yes at the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::Failure;
use super::browser::{self, Browser, Callback};
use super::client::{Client, path};
use super::text::one_line;
use crate::api::{Page, ProblemKind};
use crate::model::{Account, AccountId, Identity, UserId};
use crate::secret::Secret;

#[derive(Debug, Args)]
pub(super) struct Connect {
    /// The plugin: etsy
    plugin: String,
    /// Whose account it will be
    #[arg(long, required_unless_present = "account")]
    user: Option<String>,
    /// The account to renew, by its id (acc_…) or USER/PLUGIN/SHOP: another shop is refused
    #[arg(long)]
    account: Option<String>,
    /// Connect the shop whose owner consents, without a question
    #[arg(long)]
    yes: bool,
    /// Paste the address that the browser ends at, instead of listening for it
    #[arg(long)]
    paste: bool,
    /// Only print the address, do not open a browser
    #[arg(long)]
    no_browser: bool,
}

/// What was begun.
#[derive(Deserialize)]
struct Begun {
    user: UserId,
    url: Url,
    redirect_uri: String,
}

/// What came of it, before the yes.
#[derive(Deserialize)]
struct Offered {
    consent: String,
    user: UserId,
    identity: Identity,
    renews: Option<AccountId>,
}

pub(super) async fn run(client: &mut Client, connect: Connect) -> Result<(), Failure> {
    if !connect.yes && !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "nobody can be asked whether to connect the shop; say so with --yes",
        ));
    }
    let begin = path(&["api", &connect.plugin, "oauth", "connect"], &[]);
    let wanted = json!({ "user": connect.user, "account": connect.account });
    let begun: Begun = client.post(&begin, &wanted).await?;
    // A person may take minutes: others can use the store meanwhile.
    client.release().await?;
    let (address, browser) = consented(&connect, &begun).await?;
    let complete = path(&["api", &connect.plugin, "oauth", "complete"], &[]);
    let answer = json!({ "user": begun.user, "callback": address });
    let offered: Offered = match client.post(&complete, &answer).await {
        Ok(offered) => offered,
        Err(failure) => {
            show(browser, &not_connected()).await;
            return Err(failure);
        }
    };
    let decision = json!({ "user": begun.user, "consent": offered.consent });
    if connect.yes {
        let connected = client.post(&complete, &decision).await;
        let page = match &connected {
            Ok(_) => connected_page(&offered),
            Err(_) => not_connected(),
        };
        show(browser, &page).await;
        return print_connected(&connected?);
    }
    show(browser, &go_back(&offered)).await;
    client.release().await?;
    if confirm(&question(&offered))? {
        return print_connected(&client.post(&complete, &decision).await?);
    }
    let cancel = json!({ "user": begun.user, "consent": offered.consent, "decision": "cancel" });
    let declined: Value = client.post(&complete, &cancel).await?;
    let done = declined.get("done").and_then(Value::as_str);
    Err(Failure::of(
        ProblemKind::ConsentDenied,
        one_line(done.unwrap_or("Nothing was connected.")),
    ))
}

/// Where the browser ended, and the browser, if it waits for a page.
async fn consented(connect: &Connect, begun: &Begun) -> Result<(String, Option<Browser>), Failure> {
    let redirect = Url::parse(&begun.redirect_uri).ok();
    let listening = match redirect.filter(|_| !connect.paste) {
        Some(redirect) => Callback::listen(&redirect).await?,
        None => None,
    };
    println!("Consent here:\n\n  {}\n", begun.url);
    if !connect.no_browser && !connect.paste {
        browser::open(begun.url.as_str());
    }
    let Some(callback) = listening else {
        return Ok((browser::paste()?, None));
    };
    println!("Waiting for the browser to come back …");
    let state = begun.url.query_pairs().find(|(name, _)| name == "state");
    let state = Secret::new(state.map_or_else(String::new, |(_, state)| state.into_owned()));
    let (address, browser) = callback.wait(&state).await?;
    Ok((address, Some(browser)))
}

async fn show(browser: Option<Browser>, page: &Page) {
    if let Some(browser) = browser {
        browser.show(page).await;
    }
}

fn question(offered: &Offered) -> String {
    let shop = one_line(&offered.identity.name);
    let user = &offered.user;
    match &offered.renews {
        None => format!("Connect shop {shop:?} to user {user}?"),
        Some(account) => {
            format!("Renew the connection of shop {shop:?} to user {user} ({account})?")
        }
    }
}

/// Yes is what is not a no; where nobody answers any more, it is no.
fn confirm(question: &str) -> Result<bool, Failure> {
    print!("{question} [Y/n] ");
    let flushed = io::stdout().flush();
    let mut answer = String::new();
    let read = flushed.and_then(|()| io::stdin().lock().read_line(&mut answer));
    let bytes = read.map_err(|error| Failure::io("the answer cannot be read", &error))?;
    Ok(bytes > 0 && matches!(answer.trim(), "" | "y" | "Y" | "yes"))
}

fn print_connected(completed: &Value) -> Result<(), Failure> {
    let account = completed.get("account").cloned().unwrap_or_default();
    let account: Account = serde_json::from_value(account).map_err(Failure::reply)?;
    let renewed = completed.get("renewed").and_then(Value::as_bool);
    let done = match renewed {
        Some(true) => "Renewed",
        _ => "Connected",
    };
    println!(
        "{done} {} as {}",
        one_line(&account.identity.name),
        account.id
    );
    super::print_warnings(completed);
    Ok(())
}

fn go_back(offered: &Offered) -> Page {
    let (shop, user) = (&offered.identity.name, &offered.user);
    Page::new("Go back to the terminal")
        .says(format!("It asks whether to connect the shop “{shop}” to the Stoflow user “{user}”. Nothing is connected yet."))
        .says("You can close this page.")
}

fn connected_page(offered: &Offered) -> Page {
    let (shop, user) = (&offered.identity.name, &offered.user);
    Page::new(format!("“{shop}” is connected"))
        .says(format!("It belongs to the Stoflow user “{user}” now."))
        .says("You can close this page.")
}

fn not_connected() -> Page {
    Page::new("Nothing was connected")
        .says("The terminal says why, and what to do.")
        .says("You can close this page.")
}

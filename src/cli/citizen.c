/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit ask --citizen`: what the documents of a collection answer, with their sources. */
#include "cli/citizen.h"

#include "cli/remote.h"
#include "cli/show.h"

enum { BODY_BYTES = 64 * 1024, CARDS_SHOWN_MAX = 16, SENTENCES_MAX = 1000, INDENT = 4, WIDTH = 96 };

static void
show_card(struct cli *c, const jval *card)
{
    const str heading = cli_text(c, card, "heading"), edition = cli_text(c, card, "edition");
    (void)fprintf(c->out, "[%llu] ", (unsigned long long)cli_number(card, "number"));
    show_text(c->out, cli_text(c, card, "title"), false);
    (void)fputs(", ", c->out);
    show_text(c->out, heading.len ? heading : cli_text(c, card, "section"), false);
    if (edition.len) {
        (void)fputs(", ", c->out);
        show_text(c->out, edition, false);
    }
    if (cli_number(card, "page"))
        (void)fprintf(c->out, ", p. %llu", (unsigned long long)cli_number(card, "page"));
    (void)fputc('\n', c->out);
    show_wrapped(c->out, cli_text(c, card, "quote"), INDENT, WIDTH);
}

static fallible
show_cards(struct cli *c, const jval *root)
{
    const jval cards = json_get(root, "cards");
    struct jwalk w = {0};
    TRY(json_array(&cards, 0, CARDS_SHOWN_MAX));
    for (jval card; json_each(&cards, &w, &card);)
        show_card(c, &card);
    return OK;
}

static fallible
show_words(struct cli *c, const jval *root)
{
    const jval sentences = json_get(root, "sentences"), removed = json_get(root, "removed");
    struct jwalk w = {0};
    TRY(json_array(&sentences, 0, SENTENCES_MAX));
    TRY(json_array(&removed, 0, SENTENCES_MAX));
    for (jval s; json_each(&sentences, &w, &s);)
        show_wrapped(c->out, cli_text(c, &s, "text"), 0, WIDTH);
    w = (struct jwalk){0};
    for (jval s; json_each(&removed, &w, &s);) {
        (void)fputs("(ein Satz entfernt: ", c->out);
        show_text(c->out, cli_text(c, &s, "why"), false);
        (void)fputs(")\n", c->out);
    }
    return OK;
}

static fallible
show(struct cli *c, const jval *root)
{
    const jval personal = json_get(root, "personal_data");
    const str said = cli_text(c, root, "said");
    if (json_type(personal) == J_ARRAY && json_count(&personal))
        cli_note(c, "the question holds %zu personal details; they are not needed",
                 json_count(&personal));
    if (said.len) {
        show_wrapped(c->out, said, 0, WIDTH);
        show_wrapped(c->out, cli_text(c, root, "contact"), 0, WIDTH);
    }
    TRY(show_cards(c, root));
    TRY(show_words(c, root));
    show_wrapped(c->out, cli_text(c, root, "notice"), 0, WIDTH);
    return OK;
}

fallible
citizen_ask_daemon(struct cli *c, const struct args *a)
{
    AUTO(buf) body = BUF(BODY_BYTES);
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    jval root;
    if (a->count != 1)
        REFUSE(ARGUMENT, "citizen", "a citizen's question goes without files");
    json_open(&body, '{');
    json_member_str(&body, "question", a->at[0]);
    if (args_has(a, "know"))
        json_member_str(&body, "know", args_str(a, "know"));
    if (args_has(a, "model"))
        json_member_str(&body, "model", args_str(a, "model"));
    if (args_has(a, "easy"))
        json_member_str(&body, "style", STR("easy"));
    json_member_bool(&body, "rewrite", !args_has(a, "no-rewrite"));
    json_close(&body, '}');
    TRY(buf_end(&body));
    struct remote_call q = REMOTE_CALL("POST", STR("/v1/citizen/ask"));
    q.body = buf_str(&body);
    q.label = args_str(a, "label");
    q.case_name = args_str(a, "case");
    TRY(remote_json(c, &q, &root));
    if (!c->json)
        return show(c, &root);
    json_put_value(&b, &root);
    return cli_put_json(c, &b);
}

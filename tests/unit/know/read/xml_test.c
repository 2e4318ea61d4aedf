/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/xml.h"

#include "rig.h"

static buf seen;

static err
on_open(void *ctx, str name, const char *const *attributes)
{
    (void)ctx;
    buf_add_char(&seen, '<');
    buf_add(&seen, name);
    buf_add_char(&seen, ' ');
    buf_add(&seen, xml_attribute(attributes, "val"));
    return OK;
}

static err
on_close(void *ctx, str name)
{
    (void)ctx;
    buf_add(&seen, STR(">"));
    (void)name;
    return OK;
}

static err
on_text(void *ctx, str text)
{
    (void)ctx;
    buf_add(&seen, text);
    return OK;
}

static err
walk(str xml)
{
    const struct xml_hooks hooks = {.open = on_open, .close = on_close, .text = on_text};
    buf_done(&seen);
    seen = BUF(1 << 20);
    return xml_walk(xml, &hooks);
}

TEST(names_come_by_what_they_mean_whatever_the_prefix)
{
    CHECK_OK(walk(STR("<x:p xmlns:x='http://schemas.openxmlformats.org/wordprocessingml/2006/main'"
                      " x:val='1'>t&amp;u<q val='2'/><y:z xmlns:y='urn:y'/></x:p>")));
    CHECK_STR(buf_str(&seen), STR("<w:p 1t&u<:q 2><?:z >>"));
    CHECK_OK(walk(STR("<p xmlns='http://purl.oclc.org/ooxml/wordprocessingml/main'/>")));
    CHECK_STR(buf_str(&seen), STR("<w:p >"));
}

TEST(what_is_not_well_formed_is_refused)
{
    static const char *const bad[] = {
        "",           "kein XML",         "<a>",          "<a></b>",
        "<a/><b/>",   "<a b='1' b='2'/>", "<a>&nix;</a>", "<a>\x01</a>",
        "<a>\xff</a>"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(walk(str_of(bad[i])), PARSE);
}

TEST(entities_are_not_declared_so_none_can_grow)
{
    CHECK_ERR(walk(STR("<!DOCTYPE a [<!ENTITY x 'xxxxxxxxxx'><!ENTITY y '&x;&x;&x;'>]><a>&y;</a>")),
              PARSE);
    CHECK_STR(str_of(err_text()), STR("declares entities, which are not read"));
    CHECK_ERR(walk(STR("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>")), PARSE);
    CHECK_OK(walk(STR("<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>")));
}

TEST(depth_is_bounded)
{
    AUTO(buf) b = BUF(1 << 20);
    for (int i = 0; i < XML_DEPTH_MAX; i++)
        buf_add(&b, STR("<a>"));
    for (int i = 0; i < XML_DEPTH_MAX; i++)
        buf_add(&b, STR("</a>"));
    CHECK_OK(walk(buf_str(&b)));
    buf_clear(&b);
    for (int i = 0; i < 100000; i++)
        buf_add(&b, STR("<a>"));
    CHECK_ERR(walk(buf_str(&b)), PARSE);
}

static err
refuse_b(void *ctx, str name, const char *const *attributes)
{
    (void)attributes;
    *(int *)ctx += 1;
    if (str_eq(name, STR(":b")))
        FAIL(LIMIT, "enough");
    return OK;
}

TEST(what_a_hook_refuses_ends_the_walk)
{
    int calls = 0;
    const struct xml_hooks hooks = {.open = refuse_b, .ctx = &calls};
    CHECK_ERR(xml_walk(STR("<a><b/><c/></a>"), &hooks), LIMIT);
    CHECK_INT(calls, ==, 2);
}

TEST(without_memory_nothing_is_walked)
{
    const struct xml_hooks hooks = {0};
    fault_arm(1);
    CHECK_ERR(xml_walk(STR("<a/>"), &hooks), LIMIT);
    CHECK(fault_fired());
}

TEST(a_name_too_long_to_be_known_is_no_known_one)
{
    AUTO(buf) b = BUF(1 << 20);
    buf_add_char(&b, '<');
    for (int i = 0; i < 5000; i++)
        buf_add_char(&b, 'n');
    buf_add(&b, STR("/>"));
    CHECK_OK(walk(buf_str(&b)));
    CHECK_STR(buf_str(&seen), STR("<?: >"));
}

/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/tlp.h"

static const char *const names[TLP_COUNT] = {[TLP_CLEAR] = "CLEAR",
                                             [TLP_GREEN] = "GREEN",
                                             [TLP_AMBER] = "AMBER",
                                             [TLP_AMBER_STRICT] = "AMBER+STRICT",
                                             [TLP_RED] = "RED"};

const char *
tlp_name(enum tlp t)
{
    ASSERT(t < TLP_COUNT);
    return names[t];
}

fallible
tlp_find(str text, enum tlp *ret)
{
    const str prefix = STR("TLP:");
    if (str_eq_nocase(str_slice(text, 0, prefix.len), prefix))
        text = str_slice(text, prefix.len, text.len);
    for (int i = 0; i < TLP_COUNT; i++)
        if (str_eq_nocase(text, str_of(names[i]))) {
            *ret = (enum tlp)i;
            return OK;
        }
    REFUSE(PARSE, "tlp", "%s",
           str_eq_nocase(text, STR("WHITE")) ? "TLP 2.0 has no WHITE, it is called CLEAR"
                                             : "this is none of TLP 2.0's five names");
}

fallible
tlp_label(const policy *p, str text, label *ret)
{
    enum tlp t;
    TRY(tlp_find(text, &t));
    if (!policy_tlp(p, t, ret))
        REFUSE(UNSUPPORTED, "tlp", "the policy does not say what TLP:%s is here", tlp_name(t));
    return OK;
}

fallible
tlp_of(const policy *p, label l, enum tlp *ret)
{
    const label shared = label_part(l, 0, LABEL_TAINT_FIRST);
    label of;
    for (int i = 0; i < TLP_COUNT; i++)
        if (policy_tlp(p, (enum tlp)i, &of) && label_dominates(of, shared)) {
            *ret = (enum tlp)i;
            return OK;
        }
    REFUSE(UNSUPPORTED, "label", "no name of TLP gives as much protection as the label");
}

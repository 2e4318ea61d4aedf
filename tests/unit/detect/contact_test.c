/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>

#include "find.h"

TEST(telephone_numbers_are_found_as_people_write_them)
{
    FINDS("Tel. (0511) 4971-290", "TELEFON:(0511) 4971-290");
    FINDS("+49 (0) 441 / 27338-507", "TELEFON:+49 (0) 441 / 27338-507");
    FINDS("erreichbar unter +49 178 0940603.", "TELEFON:+49 178 0940603");
    FINDS("mobil 0176/20695325", "TELEFON:0176/20695325");
}

TEST(short_and_public_numbers_are_none)
{
    FINDS("Notruf 112, 110 und 116 117", "");
    FINDS("Die Auflage betrug 04229 St\u00fcck", "");
    FINDS("am 01.02.2025 um 08.30 Uhr", "");
    FINDS("Telefon: 110", "");
}

TEST(mail_and_web_addresses_are_found)
{
    FINDS("a.b@c-d.example.", "EMAIL:a.b@c-d.example");
    FINDS("zrahimi[at]kommune[dot]eu", "EMAIL:zrahimi[at]kommune[dot]eu");
    FINDS("x_y (at) amt.de", "EMAIL:x_y (at) amt.de");
    FINDS("siehe https://a.example/b?c=1#d.", "URL:https://a.example/b?c=1#d");
    FINDS("service.koeln.example/kita.", "URL:service.koeln.example/kita");
}

TEST(addresses_of_machines_are_found_and_versions_are_not)
{
    FINDS("von 19.137.152.55 aus", "IP:19.137.152.55");
    FINDS("[fe80::3456:15ff:feb3:6984]", "IP:fe80::3456:15ff:feb3:6984");
    FINDS("127.0.0.1", "");
    FINDS("Version 8.5.27.7", "");
    FINDS("1.2.3.400", "");
}

TEST(number_plates_need_a_district_and_a_dash_or_a_label)
{
    FINDS("Kennzeichen MD - R 589", "KFZ:MD - R 589");
    FINDS("W\u00dc-AB 12H", "KFZ:W\u00dc-AB 12H");
    FINDS("QQ-AB 12", "");
    FINDS("B-MA 0711", "");
}

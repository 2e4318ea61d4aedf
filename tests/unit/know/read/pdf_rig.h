/* SPDX-License-Identifier: EUPL-1.2 */
/* pdf_rig.h - pages as pdftohtml prints them. */
#pragma once
#include "rig.h"

#define PDF(pages)                                                                                 \
    "<?xml version='1.0'?><!DOCTYPE pdf2xml SYSTEM 'pdf2xml.dtd'><pdf2xml>" pages "</pdf2xml>"
#define PAGE(runs) "<page number='1' height='1000' width='700'>" runs "</page>"
#define FONTS                                                                                      \
    "<fontspec id='0' size='14' color='#000000'/><fontspec id='1' size='20' color='#000000'/>"     \
    "<fontspec id='2' size='14' color='#ffffff'/><fontspec id='3' size='2' color='#000000'/>"
#define AT(top, left, width, font, text)                                                           \
    "<text top='" #top "' left='" #left "' width='" #width "' height='14' font='" #font "'>" text  \
    "</text>"

#ifndef APUS_IMAGE_H
#define APUS_IMAGE_H
#endif

//! Replies as Etsy gives them, cut down to what a conversion may look at. They are what is damaged.

/// Everything that is tried.
pub const ALL: &[&str] = &[
    LISTING,
    DRAFT,
    PAGE,
    INVENTORY,
    THREE_AXES,
    IMAGES,
    PROPERTIES,
    VARIATION_IMAGES,
    FILES,
    TRANSLATION,
    RECEIPT,
    RECEIPTS,
    STOCK,
    PUSH,
    OLD_PUSH,
    SHIPPING_DATA,
    CATEGORY,
    CATEGORIES,
    MEASURED,
    SHOP,
    SECTIONS,
    USER,
    SHIPPING,
    RETURNS,
    PROCESSING,
    OBJECT_ERROR,
    OAUTH_ERROR,
    LIST_ERROR,
    TEXT_ERROR,
];

const LISTING: &str = r#"{"listing_id":9007199254740993,"user_id":5,"shop_id":7,
"title":"Mom&#39;s coat: 1970s","description":"Warm &amp; red.\r\n\r\n- wool","state":"active",
"creation_timestamp":1700000100,"created_timestamp":1700000100,"original_creation_timestamp":1700000000,
"ending_timestamp":1710000000,"last_modified_timestamp":1700000200,"updated_timestamp":1700000200,
"state_timestamp":null,"quantity":3,"shop_section_id":31,"featured_rank":-1,
"url":"https://www.etsy.com/listing/9007199254740993/coat","num_favorers":4,"non_taxable":false,
"is_taxable":true,"is_customizable":false,"is_personalizable":true,"listing_type":"physical",
"tags":["wool","l&#39;hiver"],"materials":["wool","horn"],"shipping_profile_id":11,"return_policy_id":12,
"processing_min":1,"processing_max":3,"who_made":"someone_else","when_made":"1970s","is_supply":false,
"item_weight":1.2,"item_weight_unit":"kg","item_length":60.0,"item_width":40,"item_height":8,
"item_dimensions_unit":"cm","is_private":false,"style":["Retro"],"has_variations":true,
"should_auto_renew":false,"language":"fr","price":{"amount":8900,"divisor":100,"currency_code":"EUR"},
"taxonomy_id":1234,"readiness_state_id":71,"suggested_title":null,
"production_partners":[{"production_partner_id":12,"partner_name":"Mill","location":"Lille"}],
"skus":["COAT","COAT-L"],"views":7,"ecgt_garan_years":2,"ecgt_garan_brand":"Filature",
"images":[{"listing_id":1,"listing_image_id":900,"hex_code":"A0B0C0","red":160,"rank":2,
"url_75x75":"https://i.etsystatic.com/900_75.jpg","url_570xN":"https://i.etsystatic.com/900_570.jpg",
"url_fullxfull":"https://i.etsystatic.com/900.jpg","full_height":null,"full_width":null,"alt_text":"front"},
{"listing_image_id":901,"rank":1,"url_fullxfull":null,"url_570xN":"https://i.etsystatic.com/901.jpg","alt_text":""}],
"personalization":{"personalization_questions":[{"question_id":3,"question_text":"Which name?",
"question_type":"text_input","required":true,"max_allowed_characters":24,"options":[]}]}}"#;

const DRAFT: &str = r#"{"listing_id":18,"state":"draft","title":"Pattern","description":"A pattern.",
"url":"","price":{"amount":500,"divisor":1,"currency_code":"JPY"},"quantity":999,"listing_type":"download",
"taxonomy_id":66,"tags":[],"materials":[],"shipping_profile_id":null,"return_policy_id":null,
"who_made":null,"when_made":null,"is_supply":null,"item_weight":null,"images":[],"skus":[]}"#;

const PAGE: &str = r#"{"count":250,"results":[
{"listing_id":17,"state":"edit","title":"Coat","description":"Warm","quantity":1,"tags":["a"],
"price":{"amount":1,"divisor":1000,"currency_code":"TND"},"taxonomy_id":1},
{"listing_id":18,"state":"sold_out","title":"Hat","price":{"amount":100,"divisor":100,"currency_code":"EUR"},
"images":[{"listing_image_id":1,"rank":1,"url_fullxfull":"https://i/1"}],"unheard_of":{"a":[1.50,null]}}]}"#;

const INVENTORY: &str = r#"{"products":[
{"product_id":9007199254740993,"sku":"COAT","is_deleted":false,"offerings":[{"offering_id":21,"quantity":2,
"is_enabled":true,"is_deleted":false,"price":{"amount":8900,"divisor":100,"currency_code":"EUR"},
"readiness_state_id":71}],"property_values":[{"property_id":513,"property_name":"Length","scale_id":null,
"scale_name":null,"value_ids":[7],"values":["Short"]}]},
{"product_id":2,"sku":"COAT-L","is_deleted":false,"offerings":[{"offering_id":22,"quantity":1,"is_enabled":false,
"is_deleted":false,"price":{"amount":9500,"divisor":100,"currency_code":"EUR"},"readiness_state_id":72}],
"property_values":[{"property_id":513,"property_name":"Length","scale_id":null,"scale_name":null,
"value_ids":[8],"values":["Long"]}]}],
"price_on_property":[513],"quantity_on_property":[513],"sku_on_property":[513],
"readiness_state_on_property":[513]}"#;

const THREE_AXES: &str = r#"{"products":[
{"product_id":1,"sku":"","offerings":[{"offering_id":1,"quantity":4,"is_enabled":true,
"price":{"amount":1850,"divisor":100,"currency_code":"EUR"},"readiness_state_id":71}],
"property_values":[{"property_id":200,"property_name":"Color","scale_id":null,"value_ids":[2],"values":["Blue"]},
{"property_id":301,"property_name":"Height","scale_id":9,"scale_name":"cm","value_ids":[55],"values":["12"]},
{"property_id":302,"property_name":"Capacity","scale_id":10,"value_ids":[66],"values":["330"]}]},
{"product_id":2,"sku":"","is_deleted":true,"offerings":[],"property_values":[]},
{"product_id":3,"sku":"","offerings":[{"offering_id":3,"quantity":4,"is_enabled":true,
"price":{"amount":1850,"divisor":100,"currency_code":"EUR"},"readiness_state_id":71}],
"property_values":[{"property_id":200,"property_name":"Color","scale_id":null,"value_ids":[3],"values":["Red"]},
{"property_id":301,"property_name":"Height","scale_id":9,"value_ids":[55],"values":["12"]},
{"property_id":302,"property_name":"Capacity","scale_id":10,"value_ids":[66],"values":["330"]}]}],
"price_on_property":[],"quantity_on_property":[],"sku_on_property":[],"readiness_state_on_property":[]}"#;

const IMAGES: &str = r#"{"count":2,"results":[
{"listing_image_id":901,"rank":1,"url_fullxfull":"https://i.etsystatic.com/901.jpg","alt_text":"a &amp; b"},
{"listing_image_id":900,"rank":2,"url_fullxfull":"https://i.etsystatic.com/900.jpg","alt_text":null}]}"#;

const PROPERTIES: &str = r#"{"count":2,"results":[
{"property_id":200,"property_name":"Primary color","scale_id":null,"scale_name":null,"value_ids":[2],"values":["Blue"]},
{"property_id":46803063641,"property_name":"Occasion","scale_id":null,"value_ids":[32,33],"values":["Wedding","Birthday"]}]}"#;

const VARIATION_IMAGES: &str = r#"{"count":2,"results":[
{"property_id":513,"value_id":7,"value":"Short","image_id":900},
{"property_id":513,"value_id":8,"value":"Long","image_id":901}]}"#;

const FILES: &str = r#"{"count":2,"results":[
{"listing_file_id":41,"listing_id":18,"rank":2,"filename":"pattern-a4.pdf","filesize":"12 KB","size_bytes":12345},
{"listing_file_id":42,"listing_id":18,"rank":1,"filename":"pattern-letter.pdf","size_bytes":12000}]}"#;

const TRANSLATION: &str = r#"{"listing_id":17,"language":"de","title":"Mantel","description":"Warm &amp; rot",
"tags":["wolle","winter"]}"#;

const CATEGORY: &str = r#"{"count":3,"results":[
{"property_id":200,"name":"primary_color","display_name":"Primary color","scales":[],"is_required":false,
"supports_attributes":true,"supports_variations":true,"is_multivalued":false,"max_values_allowed":1,
"possible_values":[{"value_id":2,"name":"Blue","scale_id":null,"equal_to":[]},{"value_id":3,"name":"Red"}],
"selected_values":[]},
{"property_id":301,"name":"Height","display_name":"Height","supports_attributes":true,
"scales":[{"scale_id":9,"display_name":"Centimetres","description":"cm"}],"possible_values":[]},
{"property_id":400,"name":"Cut","supports_attributes":false,"possible_values":null}]}"#;

const CATEGORIES: &str = r#"{"count":2,"results":[
{"id":1,"level":0,"name":"Home &amp; Living","parent_id":null,"full_path_taxonomy_ids":[1],"children":[
{"id":2,"level":1,"name":"Kitchen & Dining","parent_id":1,"full_path_taxonomy_ids":[1,2],"children":[
{"id":3,"level":2,"name":"Mugs","parent_id":2,"full_path_taxonomy_ids":[1,2,3],"children":[]}]},
{"id":4,"level":1,"name":"Home Décor","parent_id":1,"full_path_taxonomy_ids":[1,4],"children":[]}]},
{"id":"9007199254740993","level":0,"name":"Men's Clothing","parent_id":null,"children":null}]}"#;

const MEASURED: &str = r#"{"count":1,"results":[{"property_id":505,"name":"Height","display_name":"Height",
"scales":[{"scale_id":5,"display_name":"Inches","description":"in"},{"scale_id":6,"display_name":"Centimeters"}],
"is_required":true,"supports_attributes":true,"supports_variations":false,"is_multivalued":true,"max_values_allowed":2,
"possible_values":[{"value_id":8,"name":"9&frac12;","scale_id":6,"equal_to":[]}],"selected_values":[]}]}"#;

const SHOP: &str = r#"{"shop_id":7,"user_id":5,"shop_name":"VieuxParis","create_date":1600000000,"title":"Old things",
"announcement":null,"currency_code":"EUR","is_vacation":false,"vacation_message":null,"listing_active_count":12,
"digital_listing_count":0,"login_name":"vieux","accepts_custom_requests":true,"url":"https://www.etsy.com/shop/VieuxParis",
"num_favorers":3,"languages":["fr","en"],"shop_location_country_iso":"FR","shipping_from_country_iso":"FR",
"is_calculated_eligible":true,"review_average":4.9,"review_count":120}"#;

const SECTIONS: &str = r#"{"count":2,"results":[
{"shop_section_id":31,"title":"Coats &amp; hats","rank":1,"user_id":5,"active_listing_count":2},
{"shop_section_id":32,"title":"Everything","rank":2,"active_listing_count":null}]}"#;

const USER: &str = r#"{"user_id":5,"shop_id":7}"#;

const SHIPPING: &str = r#"{"count":1,"results":[{"shipping_profile_id":11,"title":"Letter","user_id":5,
"min_processing_days":1,"max_processing_days":3,"processing_days_display_label":"1-3 days","origin_country_iso":"FR",
"is_deleted":false,"shipping_profile_destinations":[{"shipping_profile_destination_id":1,"destination_country_iso":"",
"destination_region":"none","primary_cost":{"amount":500,"divisor":100,"currency_code":"EUR"}}],
"shipping_profile_upgrades":[],"origin_postal_code":"75011","profile_type":"manual"}]}"#;

const RETURNS: &str = r#"{"count":2,"results":[
{"return_policy_id":12,"shop_id":7,"accepts_returns":true,"accepts_exchanges":false,"return_deadline":14},
{"return_policy_id":13,"shop_id":7,"accepts_returns":false,"accepts_exchanges":false,"return_deadline":null}]}"#;

const PROCESSING: &str = r#"{"count":1,"results":[{"readiness_state_id":71,"readiness_state":"ready_to_ship",
"min_processing_days":1,"max_processing_days":3,"processing_days_display_label":"1-3 days"}]}"#;

const OBJECT_ERROR: &str = r#"{"error":"Missing input parameter: [value_ids]"}"#;

const OAUTH_ERROR: &str =
    r#"{"error":"invalid_token","error_description":"access token is expired"}"#;

const LIST_ERROR: &str = r#"[{"path":"/title/1","type":"invalid_characters","message":"contains invalid characters"},
{"path":"/products/2/offerings/0/price","type":"too_low","message":"must be above min price"}]"#;

const TEXT_ERROR: &str =
    r#"{"error":"There was a problem with /tags : You may not have duplicate tags."}"#;

const RECEIPT: &str = r#"{"receipt_id":9007199254740995,"receipt_type":0,"seller_user_id":5,"seller_email":"s@example.com",
"buyer_user_id":77,"buyer_email":null,"name":"Sinéad O&#39;Connell","first_line":"1 rue de l&#39;Est","second_line":null,
"city":"Lyon","state":"","zip":"69001","status":"Partially Refunded",
"formatted_address":"Sinéad O&#39;Connell\n1 rue de l&#39;Est\n69001 LYON\nFrance","country_iso":"FR","payment_method":"cc",
"message_from_seller":"Merci","message_from_buyer":"Please wrap it &amp; hurry","is_shipped":true,"is_paid":true,
"create_timestamp":1700000000,"created_timestamp":1700000000,"update_timestamp":1700000300,"updated_timestamp":1700000300,
"is_gift":true,"gift_message":"Joy!","gift_sender":"Ann",
"grandtotal":{"amount":2350,"divisor":100,"currency_code":"EUR"},"subtotal":{"amount":1850,"divisor":100,"currency_code":"EUR"},
"total_price":{"amount":1850,"divisor":100,"currency_code":"EUR"},"total_shipping_cost":{"amount":500,"divisor":100,"currency_code":"EUR"},
"total_tax_cost":{"amount":0,"divisor":100,"currency_code":"EUR"},"total_vat_cost":{"amount":0,"divisor":100,"currency_code":"EUR"},
"discount_amt":{"amount":100,"divisor":100,"currency_code":"EUR"},"gift_wrap_price":{"amount":0,"divisor":100,"currency_code":"EUR"},
"shipments":[{"receipt_shipping_id":12,"shipment_notification_timestamp":1700000200,"carrier_name":"la-poste","tracking_code":"RX1"}],
"transactions":[{"transaction_id":31,"title":"Mug &amp; saucer","seller_user_id":5,"buyer_user_id":77,
"create_timestamp":1700000000,"paid_timestamp":1700000050,"shipped_timestamp":null,"quantity":1,"listing_image_id":900,
"receipt_id":9007199254740995,"is_digital":false,"file_data":"","listing_id":17,"transaction_type":"listing","product_id":2,
"sku":"M","price":{"amount":1850,"divisor":100,"currency_code":"EUR"},"shipping_cost":{"amount":500,"divisor":100,"currency_code":"EUR"},
"variations":[{"property_id":513,"value_id":7,"formatted_name":"Size","formatted_value":"S"},
{"property_id":54,"value_id":null,"formatted_name":"Personalization","formatted_value":"For Ann","question_id":3}],
"product_data":[{"property_id":513,"property_name":"Size","scale_id":null,"scale_name":null,"value_ids":[7],"values":["S"]}],
"shipping_profile_id":11,"min_processing_days":1,"max_processing_days":3,"shipping_method":null,"shipping_upgrade":null,
"expected_ship_date":1700300000,"buyer_coupon":0,"shop_coupon":1.0}],
"refunds":[{"amount":{"amount":500,"divisor":100,"currency_code":"EUR"},"created_timestamp":1700000250,"reason":"late",
"note_from_issuer":null,"status":"done"}]}"#;

const RECEIPTS: &str = r#"{"count":230,"results":[
{"receipt_id":5,"status":"Canceled","is_paid":false,"is_shipped":false,"created_timestamp":1700000000,"updated_timestamp":1700000000,
"name":"Ann","country_iso":null,"formatted_address":null,"grandtotal":{"amount":900,"divisor":1,"currency_code":"JPY"},
"transactions":[{"transaction_id":6,"title":"Pattern","quantity":2,"is_digital":true,"listing_id":18,"product_id":null,
"price":{"amount":450,"divisor":1,"currency_code":"JPY"},"variations":[]}],"shipments":[],"refunds":[]},
{"receipt_id":4,"status":"Paid","created_timestamp":1700000000,"updated_timestamp":1700000000}]}"#;

const STOCK: &str = r#"{"listing_id":17,"title":"Mug","state":"active","quantity":6,"views":7,"num_favorers":2,
"price":{"amount":1850,"divisor":100,"currency_code":"EUR"},"inventory":{"products":[
{"product_id":1,"sku":"B","offerings":[{"quantity":4,"is_enabled":true}],
"property_values":[{"property_id":200,"property_name":"Color","values":["Blue"]}]}]}}"#;

const PUSH: &str = r#"{"event_type":"order.paid","shop_id":7,
"resource_url":"https://openapi.etsy.com/v3/application/shops/7/receipts/9"}"#;

const OLD_PUSH: &str = r#"{"event_id":"e1","created_at":1700000000,"event_type":"ORDER_CANCELED",
"data":{"shop_id":"7","resource_url":"https://openapi.etsy.com/v3/application/shops/7/receipts/9"}}"#;

const SHIPPING_DATA: &str = r#"{"origin_country_iso":"FR","origin_postal_code":"75011","accepts_returns":true,
"accepts_exchanges":false,"return_deadline":14,"readiness_state":"ready_to_ship","min_processing_time":1,
"max_processing_time":3,"processing_time_unit":"days","destinations":[{"destination_country_iso":"FR","primary_cost":"5.00",
"secondary_cost":"2.50","min_delivery_days":2,"max_delivery_days":5},{"destination_region":"none","primary_cost":"12",
"secondary_cost":"4","shipping_carrier_id":3,"mail_class":"letter"}]}"#;
